"""Events that each preset must find, and events like them that it must not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

RAM_USER = {"type": "ram-user", "accountId": "1000000000000001", "principalId": "2000000000000001", "userName": "alice"}
ROOT = {"type": "root-account", "accountId": "1000000000000001", "principalId": "1000000000000001", "userName": "root"}
IAM_USER = {
    "type": "IAMUser",
    "accountId": "111122223333",
    "arn": "arn:aws:iam::111122223333:user/bob",
    "userName": "bob",
    "accessKeyId": "AKIAEXAMPLE0000000001",
}
AWS_ROOT = {"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}
ROLE = {
    "type": "AssumedRole",
    "accountId": "111122223333",
    "principalId": "AROAEXAMPLE:session",
    "arn": "arn:aws:sts::111122223333:assumed-role/Ops/session",
    "accessKeyId": "ASIAEXAMPLE0000000001",
}
REFUSED = {"errorCode": "NoPermission", "errorMessage": "You are not authorized to do this."}
AWS_REFUSED = {"errorCode": "AccessDenied", "errorMessage": "User is not authorized to perform this."}


def ali(service: str, name: str, parameters: Event | None = None, **changes: Any) -> Event:
    """A call as ActionTrail logs it, without the fields that many of its events lack."""
    return {
        "eventId": "F23A3DD5-7842-4EF9-9DA1-3776396A0001",
        "eventVersion": "1",
        "eventType": "ApiCall",
        "eventName": name,
        "eventSource": f"{service.lower()}.cn-hangzhou.aliyuncs.com",
        "eventTime": "2026-03-02T06:08:21Z",
        "serviceName": service,
        "acsRegion": "cn-hangzhou",
        "sourceIpAddress": "192.0.2.19",
        "userAgent": "aliyun-cli",
        "requestParameters": parameters or {},
        "userIdentity": RAM_USER,
        **changes,
    }


def ali_json(service: str, name: str, parameters: str) -> Event:
    """The same with its parameters as text alone."""
    return {**ali(service, name), "requestParameters": {}, "requestParameterJson": parameters}


def aws(service: str, name: str, parameters: Event | None = None, **changes: Any) -> Event:
    """A call as CloudTrail logs it."""
    return {
        "eventVersion": "1.08",
        "eventID": "104596ab-1765-43cf-8e7e-57dc1f670001",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "eventName": name,
        "eventSource": f"{service}.amazonaws.com",
        "eventTime": "2026-03-02T06:08:21Z",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.20",
        "userAgent": "aws-cli/2",
        "requestParameters": parameters,
        "responseElements": None,
        "userIdentity": IAM_USER,
        "recipientAccountId": "111122223333",
        **changes,
    }


def ali_sign_in(who: Event = RAM_USER, mfa: Any = "true", **changes: Any) -> Event:
    """A sign-in as ActionTrail logs it: success is told by a message, and nothing says that it writes."""
    signed_in = {
        "eventType": "ConsoleSignin",
        "eventSource": "signin.aliyun.com",
        "userIdentity": who,
        "errorMessage": "success",
        "additionalEventData": {"mfaChecked": mfa, "loginAccount": who["userName"]},
    }
    service = "AasCustomer" if who["type"] == "root-account" else "AasSub"
    return {**ali(service, "ConsoleSignin"), **signed_in, **changes}


def aws_sign_in(who: Event = IAM_USER, mfa: str = "Yes", result: str = "Success", **changes: Any) -> Event:
    """A sign-in as CloudTrail logs it."""
    signed_in = {
        "eventType": "AwsConsoleSignIn",
        "userIdentity": {name: value for name, value in who.items() if name != "accessKeyId"},
        "responseElements": {"ConsoleLogin": result},
        "additionalEventData": {"MFAUsed": mfa, "MobileVersion": "No"},
    }
    return {**aws("signin", "ConsoleLogin"), **signed_in, **changes}


ALI_FAILED = ali_sign_in(errorMessage="The password is wrong.")
ALI_FAILED_BY_CODE = ali_sign_in(errorCode="InvalidPassword", errorMessage="")
AWS_FAILED = aws_sign_in(mfa="No", result="Failure", errorMessage="Failed authentication")


@dataclass(frozen=True)
class Case:
    """What a preset finds and what it leaves alone, given these arguments."""

    finds: list[Event]
    leaves: list[Event]
    arguments: dict[str, str] = field(default_factory=dict)


def _insight(state: str | None, kind: str = "IpInsight") -> Event:
    details = {"insightType": kind, "insightObject": "203.0.113.0/24"} | ({"state": state} if state else {})
    return {
        "eventId": "7d7c9ad2-6c3a-5f0e-8f1e-0d5b6c1f0001",
        "eventVersion": "1",
        "eventType": "ActionTrailInsight",
        "eventCategory": "Insight",
        "eventTime": "2026-03-02T03:27:00Z",
        "acsRegion": "cn-hangzhou",
        "recipientAccountId": "1000000000000001",
        "insightDetails": details,
    }


def _open_to(address: str) -> Event:
    """An inbound rule of AWS for one range of addresses."""
    ranges = {"ipRanges": {"items": [{"cidrIp": address}]}, "ipv6Ranges": {}}
    if ":" in address:
        ranges = {"ipRanges": {}, "ipv6Ranges": {"items": [{"cidrIpv6": address}]}}
    return {
        "groupId": "sg-1",
        "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, **ranges}]},
    }


_SIGN_INS = Case(
    finds=[ALI_FAILED, ALI_FAILED_BY_CODE, AWS_FAILED],
    leaves=[
        ali_sign_in(),
        aws_sign_in(),
        ali_sign_in(errorCode="null"),
        ali("Ram", "GetUser", **REFUSED),
        ali("AasSub", "ConsoleSignout"),
    ],
)
_PASSWORDS = Case(
    finds=[
        ali("Ram", "ChangePassword"),
        ali("Ims", "UpdateLoginProfile", {"UserPrincipalName": "eve@example.onaliyun.com"}),
        ali("AasCustomer", "PasswordReset", eventType="AliyunServiceEvent", userIdentity=ROOT, errorMessage="success"),
        aws("iam", "ChangePassword"),
        aws("iam", "UpdateLoginProfile", {"userName": "eve"}),
        aws("signin", "PasswordRecoveryCompleted", userIdentity=AWS_ROOT),
    ],
    leaves=[
        ali("Ram", "ChangePassword", **REFUSED),
        ali("Ram", "SetPasswordPolicy"),
        ali("Rds", "ChangePassword"),
        aws("iam", "ChangePassword", **AWS_REFUSED),
        aws("iam", "GetLoginProfile"),
    ],
)
_DENIALS = Case(
    finds=[
        ali("Ecs", "DescribeInstances", errorCode="NoPermission"),
        ali("Ecs", "DeleteInstance", errorCode="NoPermission.Delete"),
        ali("Ecs", "DescribeInstances", errorCode="Forbidden.RAM"),
        ali("Oss", "GetObject", errorCode="InvalidAccessKeyId.NotFound"),
        ali("Oss", "GetObject", errorCode="SignatureDoesNotMatch"),
        aws("s3", "ListBuckets", errorCode="AccessDenied"),
        aws("kms", "Decrypt", errorCode="AccessDeniedException"),
        aws("ec2", "DescribeInstances", errorCode="Client.UnauthorizedOperation"),
        aws("sts", "GetCallerIdentity", errorCode="InvalidClientTokenId"),
    ],
    leaves=[
        ali("Ecs", "DescribeInstances"),
        ali("Ecs", "DescribeInstances", errorCode="null"),
        ali("Ecs", "RunInstances", errorCode="InvalidParameter"),
        aws("ec2", "DescribeInstances", errorCode="Client.InvalidInstanceID.NotFound"),
        aws("s3", "GetBucketPolicy", errorCode="NoSuchBucketPolicy"),
    ],
)

CASES: dict[str, Case] = {
    "preset-root-logins": Case(
        finds=[ali_sign_in(ROOT), ali_sign_in(ROOT, errorMessage=""), aws_sign_in(AWS_ROOT)],
        leaves=[
            ali_sign_in(ROOT, errorMessage="The password is wrong."),
            aws_sign_in(AWS_ROOT, result="Failure", errorMessage="Failed authentication"),
            ali_sign_in(),
            aws_sign_in(),
            ali("Ecs", "RunInstances", userIdentity=ROOT),
        ],
    ),
    "preset-root-changes": Case(
        finds=[
            ali("mPaaS", "CreateMpaasApp", userIdentity=ROOT),
            ali("Ecs", "DeleteInstance", userIdentity=ROOT, **REFUSED),
            aws("iam", "CreateUser", userIdentity=AWS_ROOT),
        ],
        leaves=[
            ali("Kms", "DescribeKey", userIdentity=ROOT),
            ali("Oss", "PutObject", userIdentity=ROOT, eventRW="Read"),
            ali("Ess", "ScaleOut", userIdentity=ROOT, eventType="AliyunServiceEvent"),
            ali_sign_in(ROOT),
            aws_sign_in(AWS_ROOT),
            aws("kms", "CreateGrant", userIdentity={**AWS_ROOT, "invokedBy": "rds.amazonaws.com"}),
            aws("iam", "CreateUser"),
        ],
    ),
    "preset-failed-logins": _SIGN_INS,
    "preset-repeated-failed-logins": _SIGN_INS,
    "preset-logins-without-mfa": Case(
        finds=[
            ali_sign_in(mfa="false"),
            ali_sign_in(mfa=False),
            ali_sign_in(ROOT, mfa="false"),
            ali_sign_in(additionalEventData={"isMFAChecked": "false"}),
            aws_sign_in(mfa="No"),
            aws_sign_in(AWS_ROOT, mfa="No"),
        ],
        leaves=[
            ali_sign_in(mfa="true"),
            ali_sign_in(mfa="false", errorMessage="The password is wrong."),
            aws_sign_in(mfa="Yes"),
            AWS_FAILED,
            aws_sign_in(ROLE, mfa="No"),
            ali("Ram", "ListUsers", additionalEventData={"mfaChecked": "false"}),
        ],
    ),
    "preset-logins-from-elsewhere": Case(
        finds=[
            ali_sign_in(sourceIpAddress="203.0.113.9"),
            ali_sign_in(sourceIpAddress="192.0.3.1"),
            ali_sign_in(sourceIpAddress="140.**.**.19"),
            aws_sign_in(sourceIPAddress="2001:db8::1"),
        ],
        leaves=[
            ali_sign_in(sourceIpAddress="192.0.2.255"),
            ali_sign_in(sourceIpAddress="::ffff:192.0.2.1"),
            aws_sign_in(sourceIPAddress="192.0.2.1"),
            ali_sign_in(sourceIpAddress="203.0.113.9", errorMessage="The password is wrong."),
            ali("Ecs", "RunInstances", sourceIpAddress="203.0.113.9"),
        ],
        arguments={"network": "192.0.2.0/24"},
    ),
    "preset-logins-out-of-hours": Case(
        finds=[ali_sign_in(), aws_sign_in()],
        leaves=[ALI_FAILED, AWS_FAILED, ali("Ecs", "RunInstances")],
    ),
    "preset-mfa-removals": Case(
        finds=[
            ali("Ram", "UnbindMFADevice", {"UserName": "eve"}),
            ali("Ims", "DisableVirtualMFA"),
            ali("AasCustomer", "MFAUnbind", userIdentity=ROOT),
            aws("iam", "DeactivateMFADevice", {"userName": "eve"}),
            aws("iam", "DeleteVirtualMFADevice"),
        ],
        leaves=[
            ali("Ram", "BindMFADevice"),
            ali("Ram", "UnbindMFADevice", **REFUSED),
            aws("iam", "EnableMFADevice"),
            aws("iam", "DeactivateMFADevice", **AWS_REFUSED),
        ],
    ),
    "preset-user-changes": Case(
        finds=[
            ali("Ram", "CreateGroup"),
            ali("Ims", "DeleteUser"),
            ali("Ram", "CreateLoginProfile"),
            aws("iam", "CreateUser"),
            aws("iam", "AddUserToGroup"),
        ],
        leaves=[
            ali("Ram", "ListUsers"),
            ali("Ram", "CreateUser", **REFUSED),
            ali("Rds", "CreateUser"),
            aws("iam", "CreateUser", errorCode="EntityAlreadyExistsException"),
            aws("transfer", "CreateUser"),
        ],
    ),
    "preset-password-changes": _PASSWORDS,
    "preset-repeated-password-changes": _PASSWORDS,
    "preset-password-policy-changes": Case(
        finds=[
            ali("Ram", "SetPasswordPolicy", {"MinimumPasswordLength": 8}),
            ali("Ims", "SetPasswordPolicy"),
            aws("iam", "UpdateAccountPasswordPolicy"),
            aws("iam", "DeleteAccountPasswordPolicy"),
        ],
        leaves=[
            ali("Ram", "GetPasswordPolicy"),
            ali("Ram", "ChangePassword"),
            ali("Ram", "SetPasswordPolicy", **REFUSED),
            aws("iam", "GetAccountPasswordPolicy"),
        ],
    ),
    "preset-weak-password-policies": Case(
        finds=[
            ali("Ram", "SetPasswordPolicy", {"MinimumPasswordLength": 8}),
            ali("Ram", "SetPasswordPolicy", {"MinimumPasswordLength": "13"}),
            ali_json("Ims", "SetPasswordPolicy", '{"MinimumPasswordLength": 8}'),
            ali("Ram", "SetPasswordPolicy", {"PasswordReusePrevention": 0}),
            ali("Ram", "SetPasswordPolicy", {"MaxPasswordAge": 0}),
            ali_json("Ram", "SetPasswordPolicy", '{"MaxPasswordAge": "91"}'),
            ali("Ram", "SetPasswordPolicy", {"MaxLoginAttemps": 6}),
            aws("iam", "UpdateAccountPasswordPolicy", {"minimumPasswordLength": 8, "maxPasswordAge": 90}),
            aws("iam", "UpdateAccountPasswordPolicy", {"minimumPasswordLength": 14, "passwordReusePrevention": 24}),
            aws("iam", "DeleteAccountPasswordPolicy"),
        ],
        leaves=[
            ali(
                "Ram",
                "SetPasswordPolicy",
                {
                    "MinimumPasswordLength": 14,
                    "PasswordReusePrevention": 24,
                    "MaxPasswordAge": 90,
                    "MaxLoginAttemps": 5,
                },
            ),
            ali("Ram", "SetPasswordPolicy", {"RequireSymbols": True}),
            ali("Ram", "SetPasswordPolicy", {"MinimumPasswordLength": 8}, **REFUSED),
            aws(
                "iam",
                "UpdateAccountPasswordPolicy",
                {"minimumPasswordLength": 20, "passwordReusePrevention": 24, "maxPasswordAge": 60},
            ),
        ],
    ),
    "preset-root-key-usage": Case(
        finds=[
            ali("Ecs", "DescribeInstances", userIdentity={**ROOT, "accessKeyId": "LTAI5tExample"}),
            ali("Ecs", "RunInstances", userIdentity={**ROOT, "accessKeyId": "oldkey0123456789"}, errorCode="null"),
            aws("s3", "ListBuckets", userIdentity={**AWS_ROOT, "accessKeyId": "AKIAEXAMPLE0000000002"}, **AWS_REFUSED),
        ],
        leaves=[
            ali("Ecs", "DescribeInstances", userIdentity=ROOT),
            ali("Ecs", "DescribeInstances", userIdentity={**ROOT, "accessKeyId": "null"}),
            ali("Ecs", "DescribeInstances", userIdentity={**ROOT, "accessKeyId": "NULL"}),
            ali("Ecs", "DescribeInstances", userIdentity={**ROOT, "accessKeyId": ""}),
            ali("Ecs", "DescribeInstances", userIdentity={**ROOT, "accessKeyId": "STS.NUexample"}),
            aws("s3", "ListBuckets", userIdentity={**AWS_ROOT, "accessKeyId": "ASIAEXAMPLE0000000002"}),
            aws("s3", "ListBuckets"),
        ],
    ),
    "preset-key-usage": Case(
        finds=[
            ali("Ecs", "DescribeInstances", userIdentity={**RAM_USER, "accessKeyId": "LTAI5tExample"}),
            ali("Ecs", "RunInstances", userIdentity={**RAM_USER, "accessKeyId": "LTAI5tExample"}, **REFUSED),
        ],
        leaves=[ali("Ecs", "DescribeInstances"), aws("s3", "ListBuckets")],
        arguments={"key": "LTAI5tExample"},
    ),
    "preset-key-failures": Case(
        finds=[
            ali("Ecs", "RunInstances", userIdentity={**RAM_USER, "accessKeyId": "LTAI5tExample"}, **REFUSED),
            aws("s3", "ListBuckets", **AWS_REFUSED),
        ],
        leaves=[
            ali("Ecs", "RunInstances", userIdentity={**RAM_USER, "accessKeyId": "LTAI5tExample"}, errorCode="null"),
            ali("Ecs", "RunInstances", userIdentity={**RAM_USER, "accessKeyId": "null"}, **REFUSED),
            aws("s3", "ListBuckets"),
        ],
    ),
    "preset-key-changes": Case(
        finds=[
            ali("Ram", "CreateAccessKey"),
            ali("Ims", "UpdateAccessKey", {"Status": "Inactive"}),
            aws("iam", "DeleteAccessKey"),
        ],
        leaves=[
            ali("Ram", "ListAccessKeys"),
            ali("Ram", "CreateAccessKey", **REFUSED),
            aws("iam", "CreateAccessKey", **AWS_REFUSED),
        ],
    ),
    "preset-kms-key-changes": Case(
        finds=[
            ali("Kms", "ScheduleKeyDeletion"),
            ali("Kms", "DeleteKeyMaterial"),
            aws("kms", "DisableKey"),
            aws("kms", "PutKeyPolicy"),
            aws("kms", "DeleteImportedKeyMaterial"),
        ],
        leaves=[
            ali("Kms", "DescribeKey"),
            ali("Kms", "DisableKey", **REFUSED),
            aws("kms", "Decrypt"),
            aws("kms", "DisableKey", **AWS_REFUSED),
        ],
    ),
    "preset-policy-changes": Case(
        finds=[
            ali("Ram", "CreatePolicyVersion"),
            ali("ResourceManager", "DeletePolicy"),
            ali("ResourceManager", "UpdateControlPolicy"),
            aws("iam", "SetDefaultPolicyVersion"),
            aws("organizations", "UpdatePolicy"),
        ],
        leaves=[
            ali("Ram", "ListPolicies"),
            ali("Ram", "AttachPolicyToUser"),
            ali("Ram", "DeletePolicy", **REFUSED),
            aws("iam", "CreatePolicy", **AWS_REFUSED),
            aws("iot", "CreatePolicy"),
        ],
    ),
    "preset-permission-changes": Case(
        finds=[
            ali("Ram", "AttachPolicyToGroup"),
            ali("Ram", "DetachPolicyFromRole"),
            ali("ResourceManager", "AttachPolicy"),
            aws("iam", "PutUserPolicy"),
            aws("iam", "AttachRolePolicy"),
            aws("iam", "DeleteUserPermissionsBoundary"),
        ],
        leaves=[
            ali("Ram", "CreatePolicy"),
            ali("Ram", "AttachPolicyToUser", **REFUSED),
            aws("iam", "GetUserPolicy"),
            aws("iot", "AttachPolicy"),
        ],
    ),
    "preset-role-trust-changes": Case(
        finds=[
            ali("Ram", "CreateRole"),
            ali("Ram", "UpdateRole", {"NewAssumeRolePolicyDocument": "{}"}),
            ali_json("ResourceManager", "UpdateRole", '{"NewAssumeRolePolicyDocument": "{}"}'),
            aws("iam", "UpdateAssumeRolePolicy"),
        ],
        leaves=[
            ali("Ram", "UpdateRole", {"NewMaxSessionDuration": 3600}),
            ali("Ram", "GetRole"),
            aws("sts", "AssumeRole"),
            aws("iam", "UpdateAssumeRolePolicy", **AWS_REFUSED),
        ],
    ),
    "preset-trail-concealment": Case(
        finds=[
            ali("Actiontrail", "StopLogging"),
            ali("Actiontrail", "UpdateTrail", {"OssBucketName": "other"}),
            ali("Actiontrail", "DeleteTrail", **REFUSED),
            aws("cloudtrail", "StopLogging"),
            aws("cloudtrail", "DeleteTrail", **AWS_REFUSED),
            aws("config", "StopConfigurationRecorder"),
            aws("guardduty", "DeleteDetector"),
            aws("logs", "DeleteLogGroup"),
            ali("Sls", "DeleteLogStore"),
        ],
        leaves=[
            ali("Actiontrail", "DescribeTrails"),
            ali("Actiontrail", "StartLogging"),
            ali("Oss", "DeleteTrail"),
            aws("cloudtrail", "LookupEvents"),
            aws("kinesisvideo", "StopLogging"),
        ],
    ),
    "preset-denied-calls": _DENIALS,
    "preset-repeated-denials": _DENIALS,
    "preset-frequent-errors": Case(
        finds=[ali("Ecs", "RunInstances", errorCode="InvalidParameter"), aws("s3", "ListBuckets", **AWS_REFUSED)],
        leaves=[
            ali("Ecs", "RunInstances"),
            ali("Ecs", "RunInstances", errorCode="null"),
            ali("Ecs", "RunInstances", errorCode=""),
            ali("Ecs", "RunInstances", errorCode=None, errorMessage="success"),
        ],
    ),
    "preset-insights": Case(
        finds=[_insight("Start"), _insight("Start", "ApiErrorRateInsight"), _insight(None)],
        leaves=[_insight("End"), ali("Ecs", "RunInstances")],
    ),
    "preset-unusual-addresses": Case(
        finds=[_insight("Start"), _insight(None)],
        leaves=[_insight("End"), _insight("Start", "ApiErrorRateInsight"), ali("Ecs", "RunInstances")],
    ),
    "preset-security-group-changes": Case(
        finds=[
            ali("Ecs", "AuthorizeSecurityGroup"),
            ali("Ecs", "JoinSecurityGroup"),
            ali("Ecs", "ModifySecurityGroupRule"),
            aws("ec2", "RevokeSecurityGroupIngress"),
            aws("ec2", "CreateSecurityGroup"),
        ],
        leaves=[
            ali("Ecs", "DescribeSecurityGroups"),
            ali("Ecs", "AuthorizeSecurityGroup", **REFUSED),
            aws("ec2", "DescribeSecurityGroups"),
            aws("ec2", "CreateSecurityGroup", errorCode="Client.UnauthorizedOperation"),
        ],
    ),
    "preset-open-security-groups": Case(
        finds=[
            ali("Ecs", "AuthorizeSecurityGroup", {"SourceCidrIp": "0.0.0.0/0", "PortRange": "22/22"}),
            ali("Ecs", "AuthorizeSecurityGroup", {"Permissions.1.SourceCidrIp": "0.0.0.0/0"}),
            ali("Ecs", "AuthorizeSecurityGroup", {"Ipv6SourceCidrIp": "::/0"}),
            ali_json("Ecs", "AuthorizeSecurityGroup", '{"SourceCidrIp": "0.0.0.0/0"}'),
            aws("ec2", "AuthorizeSecurityGroupIngress", _open_to("0.0.0.0/0")),
            aws("ec2", "AuthorizeSecurityGroupIngress", _open_to("::/0")),
        ],
        leaves=[
            ali("Ecs", "AuthorizeSecurityGroup", {"SourceCidrIp": "10.0.0.0/8"}),
            ali("Ecs", "AuthorizeSecurityGroup", {"SourceCidrIp": "0.0.0.0/0"}, **REFUSED),
            ali("Ecs", "RevokeSecurityGroup", {"SourceCidrIp": "0.0.0.0/0"}),
            ali("Ecs", "AuthorizeSecurityGroupEgress", {"DestCidrIp": "0.0.0.0/0"}),
            aws("ec2", "AuthorizeSecurityGroupIngress", _open_to("10.0.0.0/8")),
            aws("ec2", "AuthorizeSecurityGroupIngress", _open_to("2001:db8::/32")),
        ],
    ),
    "preset-network-changes": Case(
        finds=[
            ali("Vpc", "CreateVSwitch"),
            ali("Ecs", "DeleteVpc"),
            ali("Vpc", "ModifyRouteEntry"),
            aws("ec2", "CreateRoute"),
            aws("ec2", "AttachInternetGateway"),
            aws("ec2", "DeleteNetworkAclEntry"),
        ],
        leaves=[
            ali("Vpc", "DescribeVpcs"),
            ali("Vpc", "CreateVSwitch", **REFUSED),
            aws("ec2", "DescribeRouteTables"),
            aws("apigateway", "CreateRoute"),
        ],
    ),
    "preset-flow-logs-off": Case(
        finds=[
            ali("Vpc", "DeactiveFlowLog"),
            ali("Vpc", "DeleteFlowLog", **REFUSED),
            aws("ec2", "DeleteFlowLogs"),
        ],
        leaves=[ali("Vpc", "ActiveFlowLog"), ali("Vpc", "CreateFlowLog"), aws("ec2", "CreateFlowLogs")],
    ),
    "preset-plain-http-listeners": Case(
        finds=[
            ali("Slb", "CreateLoadBalancerHTTPListener"),
            ali("Alb", "CreateListener", {"ListenerProtocol": "HTTP"}),
            aws("elasticloadbalancing", "CreateListener", {"protocol": "HTTP", "port": 80}),
            aws(
                "elasticloadbalancing",
                "CreateLoadBalancer",
                {"listeners": [{"protocol": "HTTPS"}, {"protocol": "HTTP", "loadBalancerPort": 80}]},
            ),
        ],
        leaves=[
            ali("Slb", "CreateLoadBalancerHTTPSListener"),
            ali("Alb", "CreateListener", {"ListenerProtocol": "HTTPS"}),
            ali("Slb", "CreateLoadBalancerHTTPListener", **REFUSED),
            aws("elasticloadbalancing", "CreateListener", {"protocol": "HTTPS"}),
        ],
    ),
    "preset-firewall-off": Case(
        finds=[
            ali("Cloudfw", "PutDisableFwSwitch"),
            ali("Cloudfw", "SetAutoProtectNewAssets", {"AutoProtect": "false"}),
            ali("Cloudfw", "ModifySlsDispatchStatus", {"EnableStatus": False}),
            ali("Cloudfw", "ModifyDefaultIPSConfig", {"BasicRules": 0, "AiRules": 1}),
            ali("Cloudfw", "ModifyDefaultIPSConfig", {"RuleClass": "2"}),
            ali_json("Cloudfw", "ModifyDefaultIPSConfig", '{"RunMode": "0"}'),
            aws("network-firewall", "DeleteFirewall"),
            aws("wafv2", "DisassociateWebACL"),
        ],
        leaves=[
            ali("Cloudfw", "ModifyDefaultIPSConfig", {"BasicRules": 1, "AiRules": "1", "RunMode": 1, "RuleClass": 1}),
            ali("Cloudfw", "SetAutoProtectNewAssets", {"AutoProtect": "true"}),
            ali("Cloudfw", "PutEnableFwSwitch"),
            ali("Cloudfw", "PutDisableFwSwitch", **REFUSED),
            aws("wafv2", "AssociateWebACL"),
        ],
    ),
    "preset-firewall-policy-changes": Case(
        finds=[
            ali("Cloudfw", "AddControlPolicy"),
            ali("Cloudfw", "DeleteVpcFirewallControlPolicy"),
            aws("network-firewall", "UpdateRuleGroup"),
            aws("wafv2", "UpdateWebACL"),
        ],
        leaves=[
            ali("Cloudfw", "DescribeControlPolicy"),
            ali("Cloudfw", "AddControlPolicy", **REFUSED),
            aws("wafv2", "GetWebACL"),
            aws("wafv2", "ListIPSets"),
        ],
    ),
    "preset-tamper-protection-off": Case(
        finds=[
            ali("aegis", "ModifyWebLockStatus", {"Status": "off"}),
            ali_json("Sas", "ModifyWebLockStatus", '{"Status": "off"}'),
            ali("aegis", "ModifyWebLockUnbind"),
        ],
        leaves=[
            ali("aegis", "ModifyWebLockStatus", {"Status": "on"}),
            ali("aegis", "ModifyWebLockUnbind", **REFUSED),
            ali("aegis", "DescribeWebLockBindList"),
        ],
    ),
    "preset-instance-deletions": Case(
        finds=[ali("Ecs", "DeleteInstances"), ali("Ecs", "DeleteInstance"), aws("ec2", "TerminateInstances")],
        leaves=[
            ali("Ecs", "StopInstance"),
            ali("Ecs", "DeleteInstance", **REFUSED),
            ali("R-kvstore", "DeleteInstance"),
            aws("ec2", "TerminateInstances", errorCode="Client.OperationNotPermitted"),
        ],
    ),
    "preset-disk-losses": Case(
        finds=[
            ali("Ecs", "DeleteDisk"),
            ali("Ecs", "ReInitDisk"),
            aws("ec2", "DeleteVolume"),
            aws("ec2", "DeleteSnapshot"),
        ],
        leaves=[
            ali("Ecs", "DetachDisk"),
            ali("Ecs", "DeleteDisk", **REFUSED),
            aws("ec2", "DetachVolume"),
            aws("rds", "DeleteDBSnapshot"),
        ],
    ),
    "preset-deletion-protection-off": Case(
        finds=[
            ali("Ecs", "ModifyInstanceAttribute", {"DeletionProtection": "false"}),
            ali("Ecs", "ModifyInstanceAttribute", {"DeletionProtection": False}),
            ali_json("Ecs", "ModifyInstanceAttribute", '{"DeletionProtection": false}'),
            ali("Rds", "ModifyDBInstanceDeletionProtection", {"DeletionProtection": "false"}),
            ali("Slb", "SetLoadBalancerDeleteProtection", {"DeleteProtection": "off"}),
            aws("ec2", "ModifyInstanceAttribute", {"instanceId": "i-1", "disableApiTermination": {"value": False}}),
            aws("rds", "ModifyDBInstance", {"deletionProtection": False}),
        ],
        leaves=[
            ali("Ecs", "ModifyInstanceAttribute", {"DeletionProtection": "true"}),
            ali("Ecs", "ModifyInstanceAttribute", {"InstanceName": "web"}),
            ali("Ecs", "ModifyInstanceAttribute", {"DeletionProtection": "false"}, **REFUSED),
            aws("ec2", "ModifyInstanceAttribute", {"instanceId": "i-1", "disableApiTermination": {"value": True}}),
            aws("ec2", "ModifyInstanceAttribute", {"instanceId": "i-1", "ebsOptimized": {"value": False}}),
        ],
    ),
    "preset-unencrypted-disks": Case(
        finds=[
            ali("Ecs", "CreateDisk", {"Encrypted": "false"}),
            ali("Ecs", "CreateDisks", {"Size": 40}),
            aws("ec2", "CreateVolume", {"size": "1"}, responseElements={"volumeId": "vol-1", "encrypted": False}),
            aws(
                "ec2",
                "RunInstances",
                {
                    "blockDeviceMapping": {
                        "items": [{"deviceName": "a"}, {"deviceName": "b", "ebs": {"encrypted": False}}]
                    }
                },
            ),
        ],
        leaves=[
            ali("Ecs", "CreateDisk", {"Encrypted": "true"}),
            ali("Ecs", "CreateDisk", {"Encrypted": True}),
            ali_json("Ecs", "CreateDisk", '{"Encrypted": true}'),
            ali("Ecs", "CreateDisk", {"Size": 40}, **REFUSED),
            aws("ec2", "CreateVolume", {"size": "1"}, responseElements={"volumeId": "vol-1", "encrypted": True}),
        ],
    ),
    "preset-backups-off": Case(
        finds=[
            ali("Ecs", "CancelAutoSnapshotPolicy"),
            ali("Ecs", "DeleteAutoSnapshotPolicy"),
            aws("dlm", "DeleteLifecyclePolicy"),
            aws("backup", "DeleteRecoveryPoint"),
        ],
        leaves=[
            ali("Ecs", "ApplyAutoSnapshotPolicy"),
            ali("Ecs", "CancelAutoSnapshotPolicy", **REFUSED),
            aws("ecr", "DeleteLifecyclePolicy"),
        ],
    ),
    "preset-forced-reboots": Case(
        finds=[
            ali("Ecs", "RebootInstance", {"ForceStop": "true"}),
            ali("Ecs", "RebootInstances", {"ForceReboot": True}),
            ali_json("Ecs", "StopInstances", '{"ForceStop": true}'),
            aws("ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": "i-1"}]}, "force": True}),
        ],
        leaves=[
            ali("Ecs", "RebootInstance", {"ForceStop": "false"}),
            ali("Ecs", "RebootInstance"),
            ali("Ecs", "RebootInstance", {"ForceStop": "true"}, **REFUSED),
            aws("ec2", "StopInstances", {"force": False}),
        ],
    ),
    "preset-frequent-reboots": Case(
        finds=[ali("Ecs", "RebootInstances"), ali("Ecs", "RebootInstance"), aws("ec2", "RebootInstances")],
        leaves=[
            ali("Ecs", "RebootInstance", **REFUSED),
            ali("Ecs", "StartInstance"),
            aws("rds", "RebootDBInstance"),
        ],
    ),
    "preset-deletions": Case(
        finds=[
            ali("RealtimeCompute", "DeleteDeployment", eventRW="Write"),
            ali("Ecs", "DeleteDisk"),
            ali("Ecs", "Release"),
            aws("ec2", "TerminateInstances"),
            aws("lambda", "DeleteFunction20150331"),
        ],
        leaves=[
            ali("Ecs", "DeleteDisk", **REFUSED),
            ali("Ecs", "CreateDisk"),
            ali("Ram", "GetUser"),
            aws("s3", "DeleteBucket", **AWS_REFUSED),
            aws("ec2", "DescribeInstances"),
        ],
    ),
    "preset-bucket-protection-changes": Case(
        finds=[
            ali("Oss", "PutBucketPolicy"),
            ali("Oss", "DeleteBucketEncryption"),
            aws("s3", "PutBucketAcl"),
            aws("s3", "DeleteBucketPolicy"),
        ],
        leaves=[
            ali("Oss", "GetBucketPolicy"),
            ali("Oss", "PutBucketPolicy", **REFUSED),
            ali("Obs", "DeleteBucketLifecycle"),
            aws("s3", "PutBucketTagging"),
            aws("s3", "PutBucketPolicy", **AWS_REFUSED),
        ],
    ),
    "preset-database-deletions": Case(
        finds=[
            ali("Rds", "DeleteDBInstance"),
            ali("RDS", "Release"),
            ali("PolarDB", "DeleteDBCluster"),
            aws("rds", "DeleteDBCluster"),
            aws("dynamodb", "DeleteTable"),
        ],
        leaves=[
            ali("Ecs", "Release"),
            ali("Rds", "DeleteDBInstance", **REFUSED),
            aws("rds", "DeleteDBSnapshot"),
            aws("glue", "DeleteTable"),
        ],
    ),
    "preset-databases-open-to-all": Case(
        finds=[
            *(
                ali("Rds", "ModifySecurityIps", {"SecurityIps": listed})
                for listed in (
                    "0.0.0.0/0",
                    "0.0.0.0",
                    "10.0.0.0/8,0.0.0.0/0",
                    "0.0.0.0,10.0.0.0/8",
                    "10.0.0.0/8,0.0.0.0,192.0.2.7",
                    "::/0",
                    "10.0.0.0/8,::/0",
                )
            ),
            ali_json("Rds", "ModifySecurityIps", '{"SecurityIps": "192.0.2.1,0.0.0.0/0"}'),
            aws("rds", "ModifyDBInstance", {"publiclyAccessible": True}),
            aws("rds", "AuthorizeDBSecurityGroupIngress", {"cIDRIP": "0.0.0.0/0"}),
        ],
        leaves=[
            ali("Rds", "ModifySecurityIps", {"SecurityIps": "10.0.0.0/8"}),
            ali("Rds", "ModifySecurityIps", {"SecurityIps": "10.0.0.0/8,110.0.0.0/24"}),
            ali("Rds", "ModifySecurityIps", {"SecurityIps": "2001:db8::/32"}),
            ali("Rds", "ModifySecurityIps", {"SecurityIps": "0.0.0.0/0"}, **REFUSED),
            aws("rds", "ModifyDBInstance", {"publiclyAccessible": False}),
        ],
    ),
    "preset-database-protection-off": Case(
        finds=[
            ali("Rds", "ModifyDBInstanceSSL", {"SSLEnabled": 0}),
            ali("Rds", "ModifyDBInstanceSSL", {"SSLEnabled": "0"}),
            ali("Rds", "ModifySQLCollectorPolicy", {"SQLCollectorStatus": "Disabled"}),
            ali_json("Rds", "ModifySQLCollectorPolicy", '{"SQLCollectorStatus": "Disable"}'),
            aws("rds", "CreateDBInstance", responseElements={"storageEncrypted": False}),
            aws(
                "rds",
                "ModifyDBInstance",
                {"cloudwatchLogsExportConfiguration": {"disableLogTypes": ["audit"]}},
            ),
        ],
        leaves=[
            ali("Rds", "ModifyDBInstanceSSL", {"SSLEnabled": 1}),
            ali("Rds", "ModifySQLCollectorPolicy", {"SQLCollectorStatus": "Enable"}),
            ali("Rds", "ModifyDBInstanceSSL", {"SSLEnabled": 0}, **REFUSED),
            aws("rds", "CreateDBInstance", responseElements={"storageEncrypted": True}),
            aws("rds", "ModifyDBInstance", {"cloudwatchLogsExportConfiguration": {"disableLogTypes": []}}),
        ],
    ),
    "preset-database-changes": Case(
        finds=[
            ali("Rds", "ModifyDBInstanceSpec"),
            ali("Rds", "SwitchDBInstanceHA"),
            ali("RDS", "AllocateInstancePublicConnection"),
            aws("rds", "ModifyDBInstance"),
        ],
        leaves=[
            ali("Rds", "DescribeDBInstances"),
            ali("Rds", "ModifyDBInstanceSpec", **REFUSED),
            ali("Ecs", "ModifyInstanceSpec"),
            aws("rds", "DescribeDBInstances"),
        ],
    ),
    "preset-user-activity": Case(
        finds=[ali("Ecs", "DescribeInstances"), ali_sign_in(), ali("Ecs", "RunInstances", **REFUSED)],
        leaves=[aws("s3", "ListBuckets"), ali("Ecs", "RunInstances", userIdentity={**RAM_USER, "userName": "alice2"})],
        arguments={"user": "alice"},
    ),
    "preset-address-activity": Case(
        finds=[ali("Ecs", "DescribeInstances"), aws("s3", "ListBuckets"), ali_sign_in()],
        leaves=[
            ali("Ecs", "DescribeInstances", sourceIpAddress="192.0.3.19"),
            ali("Ecs", "DescribeInstances", sourceIpAddress="Internal"),
            aws("kms", "Decrypt", sourceIPAddress="rds.amazonaws.com"),
        ],
        arguments={"network": "192.0.2.0/24"},
    ),
    "preset-resource-changes": Case(
        finds=[
            ali("Ecs", "StopInstance", resourceType="ACS::ECS::Instance", resourceName="i-1,i-2"),
            ali("Ecs", "DeleteInstance", referencedResources={"ACS::ECS::Instance": ["i-2"]}, **REFUSED),
        ],
        leaves=[
            ali("Ecs", "DescribeInstances", referencedResources={"ACS::ECS::Instance": ["i-2"]}),
            ali("Ecs", "StopInstance", referencedResources={"ACS::ECS::Instance": ["i-22"]}),
        ],
        arguments={"resource": "i-2"},
    ),
    "preset-who-deleted": Case(
        finds=[
            ali("Ecs", "DeleteInstance", {"InstanceId": "i-2"}),
            aws(
                "ec2",
                "TerminateInstances",
                {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}},
            ),
            ali("Ecs", "DeleteInstance", {"InstanceId": "i-2"}, **REFUSED),
        ],
        leaves=[
            ali("Ecs", "DeleteInstance", {"InstanceId": "i-22"}),
            ali("Ecs", "StopInstance", {"InstanceId": "i-2"}),
        ],
        arguments={"what": "i-2"},
    ),
}
