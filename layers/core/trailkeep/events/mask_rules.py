"""What masking looks for, as data: names under which secrets stand, and shapes that secrets have.

Names are compared in normal form: compatibility characters folded, lower case, letters and digits only. So one entry
covers ``SecretAccessKey``, ``secret_access_key`` and ``secret-access-key``. Identifiers are never in here: AccessKey
IDs, principals, addresses and resource names are what an audit is about.
"""

import re

MASK_VERSION = 1
"""Raised with every change of a rule; stored with each part of the lake."""

SECRET_SUFFIXES = ("password", "passwd", "passphrase", "secret", "privatekey", "secretkey", "accesstoken", "sessiontoken")
"""A name that ends so holds a secret, whatever stands before: ``masterUserPassword``, ``clientSecret``."""

SECRET_NAMES = frozenset(
    """
    pwd pass secretaccesskey accesskeysecret secretstring secretbinary secretvalue secretdata
    token authtoken authorizationtoken bearertoken refreshtoken idtoken securitytoken ststoken signintoken apitoken
    csrftoken xsrftoken webidentitytoken tokencode tokenvalue tokensecret oauthtoken logintoken
    xamzsecuritytoken xacssecuritytoken xosssecuritytoken xapikey apikey appkeysecret
    authorization proxyauthorization cookie setcookie cookies authcode authorizationcode
    authenticationcode authenticationcode1 authenticationcode2 mfacode otp otpcode totp verificationcode
    keymaterial sshprivatekey privatekeypem privatekeydata clientkeydata userdata connectionstring
    samlassertion xamzsignature signature plaintextkey plaintextpassword
    """.split()
)

ALREADY_HIDDEN = frozenset(
    {"HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "Value hidden due to security reasons.", "****"}
)
"""What clouds write where they left a secret out themselves: kept, since it says who hid it."""

NAME_KEYS = frozenset({"name", "key", "header", "headername", "parametername", "parameterkey", "field", "variable"})
VALUE_KEYS = frozenset({"value", "values", "headervalue", "parametervalue", "val"})
"""In an object with one of the first, such as ``{"Name": "Authorization", "Value": "…"}``, the second is what it names."""

SECRET_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A JSON Web Token: two base64url objects and a signature.
    (re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"), "***"),
    # A private key in PEM; the text between the marks is replaced even where its end was cut off.
    (re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]{0,30}KEY-----)?"), "***"),
    # The password in scheme://user:password@host.
    (re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@]{0,256}:)[^\s/@]{1,1024}(?=@)"), r"\1***"),
    # Credentials of HTTP headers quoted in messages and command lines.
    (re.compile(r"\b((?:[Bb]earer|[Bb]asic|BEARER|BASIC) +)(?!\*)[A-Za-z0-9+/=._~-]{8,}"), r"\1***"),
)

NAMED_IN_TEXT = re.compile(r"(?:(?<=[?&;\s,])|^)([A-Za-z0-9_.-]{2,64})=([^&;\s,\"'<>]+)")
"""``name=value`` in query strings, forms and command lines; masked where the name is one of the above."""

CLUES = tuple(
    clue.encode()
    for clue in """
    pass pwd secret token authoriz authcode authenticationcode mfacode otp verificationcode cookie privatekey apikey
    appkey keymaterial keydata userdata connectionstring samlassertion signature plaintext eyj bearer basic
    """.split()
)
"""Every name and shape above holds one of these in normal form, or looks like a URL with credentials (``://``, ``@``):
a text with neither needs no closer look."""
