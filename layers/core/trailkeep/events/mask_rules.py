"""What masking looks for, as data: names under which secrets stand, and shapes that secrets have.

Names are compared in normal form: accents and compatibility forms taken off, lower case, letters and digits only,
without digits at the end. So one entry covers ``SecretAccessKey``, ``secret_access_key`` and ``secret-access-key2``.
Identifiers are never in here: AccessKey IDs, principals, addresses and resource names are what an audit is about.
"""

MASK_VERSION = 1
"""Raised with every change of a rule; stored with each part of the lake."""

MASK = "***"

SECRET_SUFFIXES = tuple(
    """
    password passwd pwd passphrase passcode passwords passwordhash secret token accesstokens privatekey secretkey
    secretaccesskey apikey apikeys accountkey sharedaccesskey presharedkey connectionstring
    """.split()  # noqa: SIM905
)
"""A name that ends so holds a secret, whatever stands before: ``masterUserPassword``, ``AWS_SECRET_ACCESS_KEY``."""

HARMLESS_SUFFIXES = tuple(
    """
    nexttoken clienttoken requesttoken pagetoken paginationtoken continuationtoken idempotencytoken sequencetoken
    forwardtoken backwardtoken starttoken endtoken resumetoken scrolltoken synctoken changetoken updatetoken locktoken
    servicetoken
    """.split()  # noqa: SIM905
)
"""Tokens that open nothing: places in a list, marks of a request, and the function behind a CloudFormation resource."""

SECRET_NAMES = frozenset(
    """
    pass dbpass userpass adminpass rootpass secretstring secretbinary secretvalue secretdata secrettext
    tokencode tokenvalue authorization proxyauthorization cookie setcookie cookies authcode authorizationcode
    authenticationcode mfacode otp otpcode totp verificationcode keymaterial privatekeypem privatekeydata clientkeydata
    userdata samlassertion signature xamzsignature xosssignature xgoogsignature
    """.split()  # noqa: SIM905
)

HEADER_NAMES = frozenset({"authorization", "proxyauthorization", "cookie", "setcookie"})
"""Headers whose secret is the rest of the line."""

ALREADY_HIDDEN = frozenset(
    {"HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "Value hidden due to security reasons."}
)
"""What clouds write where they left a secret out themselves: kept, as are asterisks, since it says who hid it."""

NAME_KEYS = frozenset({"name", "key", "header", "headername", "parametername", "parameterkey", "field", "variable"})
VALUE_KEYS = frozenset({"value", "values", "headervalue", "parametervalue", "val"})
"""Where an object has one of the first, as ``{"Name": "Authorization", "Value": "…"}``, the second is what it names."""

BASE64_OF_JSON = ("eyJ", "ewo")
"""How JSON objects begin in base64: ``{"``, and ``{`` before a new line."""
