"""Who acts in the generated history: people, roles and services, from where, and what they call.

Every account, name, key and resource is invented. Addresses come from the ranges reserved for documentation. One of
them, 203.0.113.0/24, is used by nobody here: it is kept for the address that `history` plants.
"""

from __future__ import annotations

from dataclasses import dataclass

ACTIONTRAIL_ACCOUNT = "1700000000000011"
CLOUDTRAIL_ACCOUNT = "111122223333"

HANGZHOU, BEIJING, SINGAPORE, VIRGINIA = "cn-hangzhou", "cn-beijing", "ap-southeast-1", "us-east-1"
ACTIONTRAIL_REGIONS = (HANGZHOU, BEIJING, SINGAPORE)
GLOBAL_REGION = SINGAPORE

SIGN_IN = "ConsoleSignin"
LOGIN = "ConsoleLogin"


@dataclass(frozen=True, slots=True)
class Service:
    """One audited service: where its events come from and which operations it has."""

    name: str
    source: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    resource_type: str = ""
    resources: tuple[str, ...] = ()
    api_version: str = ""
    errors: tuple[str, ...] = ("NoPermission",)
    is_global: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller. `utc_offset` is the hour of the home office; None means that it works round the clock."""

    name: str
    kind: str
    principal_id: str
    regions: tuple[str, ...]
    services: tuple[str, ...]
    addresses: tuple[str, ...]
    calls_per_day: int
    agent: str
    utc_offset: int | None = None
    access_key_id: str | None = None

    @property
    def is_person(self) -> bool:
        return self.utc_offset is not None


def _numbered(pattern: str, count: int) -> tuple[str, ...]:
    return tuple(pattern.format(number) for number in range(1, count + 1))


_ACTIONTRAIL_SERVICES = (
    Service(
        "Ecs",
        "ecs.{region}.aliyuncs.com",
        ("DescribeInstances", "DescribeInstanceStatus", "DescribeSecurityGroups", "DescribeDisks"),
        ("RunInstances", "StartInstance", "StopInstance", "RebootInstance", "ModifyInstanceAttribute"),
        "ACS::ECS::Instance",
        _numbered("i-bp1example{:04d}", 24),
        "2014-05-26",
        ("NoPermission", "InvalidInstanceId.NotFound", "Throttling.User", "IncorrectInstanceStatus"),
    ),
    Service(
        "Oss",
        "oss-{region}.aliyuncs.com",
        ("ListBuckets", "GetBucketInfo", "GetBucketAcl", "GetBucketLifecycle"),
        ("PutBucketLifecycle", "PutBucketTags"),
        "ACS::OSS::Bucket",
        ("orders-archive", "web-assets", "reports-daily", "trail-archive"),
        "2019-05-17",
        ("AccessDenied", "NoSuchBucket"),
    ),
    Service(
        "Ram",
        "ram.aliyuncs.com",
        ("ListUsers", "GetUser", "ListAccessKeys", "ListPoliciesForUser"),
        ("AddUserToGroup", "UpdateUser", "TagResources"),
        "ACS::RAM::User",
        ("alice", "bob", "carol", "david", "erin", "frank", "grace"),
        "2015-05-01",
        ("NoPermission", "EntityNotExist.User"),
        is_global=True,
    ),
    Service(
        "Sts",
        "sts.aliyuncs.com",
        ("GetCallerIdentity", "AssumeRole"),
        (),
        "ACS::RAM::Role",
        ("deploy-pipeline", "log-shipper"),
        "2015-04-01",
        is_global=True,
    ),
    Service(
        "Kms",
        "kms.{region}.aliyuncs.com",
        ("DescribeKey", "Decrypt", "GenerateDataKey", "ListKeys"),
        ("CreateAlias",),
        "ACS::KMS::Key",
        _numbered("key-hzzexample{:04d}", 4),
        "2016-01-20",
        ("Forbidden.NoPermission", "Forbidden.KeyNotFound"),
    ),
    Service(
        "Rds",
        "rds.{region}.aliyuncs.com",
        ("DescribeDBInstances", "DescribeSlowLogRecords", "DescribeDBInstancePerformance"),
        ("CreateBackup", "ModifySecurityIps"),
        "ACS::RDS::DBInstance",
        _numbered("rm-bp1example{:04d}", 6),
        "2014-08-15",
        ("NoPermission", "InvalidDBInstanceId.NotFound"),
    ),
    Service(
        "Slb",
        "slb.{region}.aliyuncs.com",
        ("DescribeLoadBalancers", "DescribeHealthStatus"),
        ("AddBackendServers", "RemoveBackendServers", "SetLoadBalancerName"),
        "ACS::SLB::LoadBalancer",
        _numbered("lb-bp1example{:04d}", 5),
        "2014-05-15",
        ("NoPermission", "BackendServer.configuring"),
    ),
    Service(
        "Actiontrail",
        "actiontrail.{region}.aliyuncs.com",
        ("LookupEvents", "DescribeTrails", "GetTrailStatus"),
        (),
        api_version="2020-07-06",
    ),
    Service(
        "RealtimeCompute",
        "RealtimeCompute",
        ("ListDeployments", "GetDeployment"),
        ("CreateDeployment", "StartJob", "StopJob", "DeleteDeployment"),
        "ACS::RealtimeCompute::Deployment",
        ("orders-enrichment", "clicks-to-kafka", "fraud-scoring"),
        errors=("ResourceNotFound",),
    ),
    Service("AasSub", "signin.aliyun.com", (), (SIGN_IN,), errors=("PasswordIncorrect",), is_global=True),
)

_CLOUDTRAIL_SERVICES = (
    Service(
        "ec2",
        "ec2.amazonaws.com",
        ("DescribeInstances", "DescribeVolumes", "DescribeSecurityGroups"),
        ("RunInstances", "StartInstances", "StopInstances", "CreateTags"),
        "AWS::EC2::Instance",
        _numbered("i-0example{:08d}", 12),
        errors=("Client.UnauthorizedOperation", "Client.RequestLimitExceeded"),
    ),
    Service(
        "s3",
        "s3.amazonaws.com",
        ("ListBuckets", "GetBucketPolicy", "GetBucketLocation", "GetBucketVersioning"),
        ("PutBucketLifecycle", "PutBucketTagging"),
        "AWS::S3::Bucket",
        ("example-invoices", "example-exports", "example-logs"),
        errors=("AccessDenied", "NoSuchBucketPolicy"),
    ),
    Service(
        "iam",
        "iam.amazonaws.com",
        ("ListUsers", "GetRole", "ListAccessKeys", "GetAccountSummary"),
        ("TagRole", "UpdateUser"),
        "AWS::IAM::Role",
        ("ReportExport", "WebServer"),
        errors=("AccessDenied", "NoSuchEntityException"),
    ),
    Service(
        "sts",
        "sts.amazonaws.com",
        ("GetCallerIdentity", "AssumeRole"),
        (),
        "AWS::IAM::Role",
        ("ReportExport", "WebServer"),
        errors=("AccessDenied",),
    ),
    Service("signin", "signin.amazonaws.com", (), (LOGIN,), errors=("Failed authentication",)),
)

SERVICES = {service.name: service for service in _ACTIONTRAIL_SERVICES + _CLOUDTRAIL_SERVICES}


def _ram_user(
    number: int, name: str, services: tuple[str, ...], regions: tuple[str, ...], access_key_id: str | None = None
) -> Actor:
    return Actor(
        name=name,
        kind="ram-user",
        principal_id=f"2000000000000000{number:02d}",
        regions=regions,
        services=services,
        addresses=("192.0.2.10", f"2001:db8:10::{number:x}", f"198.51.100.{20 + number}"),
        calls_per_day=36,
        agent="aliyun-cli/3.0.170",
        utc_offset=8,
        access_key_id=access_key_id,
    )


def _iam_user(number: int, name: str, services: tuple[str, ...], access_key_id: str | None = None) -> Actor:
    return Actor(
        name=name,
        kind="IAMUser",
        principal_id=f"AIDAEXAMPLEUSER0000{number:02d}",
        regions=(VIRGINIA,),
        services=services,
        addresses=("192.0.2.140", f"2001:db8:20::{number:x}", f"198.51.100.{20 + number}"),
        calls_per_day=36,
        agent="aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64",
        utc_offset=-5,
        access_key_id=access_key_id,
    )


_OPERATIONS = ("Ecs", "Slb", "Rds", "Ram", "Actiontrail")
_DATA = ("Oss", "RealtimeCompute", "Kms", "Ecs")
_SECURITY = ("Ram", "Actiontrail", "Kms", "Sts", "Oss")

PEOPLE = (
    _ram_user(1, "alice", _OPERATIONS, (HANGZHOU, BEIJING)),
    _ram_user(2, "bob", _OPERATIONS, (HANGZHOU, SINGAPORE), "LTAI5tBobExample00000002"),
    _ram_user(3, "carol", (*_DATA, "Ram", "Sts"), (HANGZHOU,), "LTAI5tCarolExample000003"),
    _ram_user(4, "david", _DATA, (BEIJING,)),
    _ram_user(5, "erin", _DATA, (HANGZHOU, BEIJING), "LTAI5tErinExample0000005"),
    _ram_user(6, "frank", _SECURITY, (HANGZHOU, SINGAPORE)),
    _ram_user(7, "grace", _SECURITY, (BEIJING, SINGAPORE)),
    _iam_user(8, "heidi", ("ec2", "s3", "iam")),
    _iam_user(9, "ivan", ("ec2", "s3", "sts"), "AKIAEXAMPLEIVAN00009"),
    _iam_user(10, "judy", ("iam", "s3", "sts")),
)

PROGRAMS = (
    Actor(
        "backup-robot",
        "ram-user",
        "200000000000000031",
        (HANGZHOU, BEIJING),
        ("Oss", "Rds"),
        ("198.51.100.201",),
        80,
        "AlibabaCloud (Linux; x86_64) Python/3.11.9 Core/2.15",
        access_key_id="LTAI5tBackupExample00031",
    ),
    Actor(
        "deploy-pipeline:runner",
        "assumed-role",
        "300000000000000001:runner",
        ACTIONTRAIL_REGIONS,
        ("Ecs", "Slb", "RealtimeCompute", "Sts"),
        ("198.51.100.210", "198.51.100.211"),
        90,
        "Terraform/1.9.5 Provider/1.232.0",
    ),
    Actor(
        "log-shipper:agent",
        "assumed-role",
        "300000000000000002:agent",
        (HANGZHOU, BEIJING),
        ("Oss", "Kms", "Actiontrail"),
        ("198.51.100.220",),
        80,
        "aliyun-sdk-go/3.0.2",
    ),
    Actor(
        "ReportExport:nightly",
        "AssumedRole",
        "AROAEXAMPLEROLE00001:nightly",
        (VIRGINIA,),
        ("s3", "sts"),
        ("198.51.100.230",),
        70,
        "Boto3/1.34.84 md/Botocore#1.34.84 lang/python#3.11.8",
    ),
)

SERVICE_CALLERS = (
    Actor(
        "aliyunossdefaultrole:oss",
        "assumed-role",
        "300000000000000009:oss",
        (HANGZHOU, BEIJING),
        ("Kms",),
        ("Internal",),
        40,
        "AliyunOSS",
    ),
    Actor(
        "autoscaling.amazonaws.com",
        "AWSService",
        "",
        (VIRGINIA,),
        ("ec2", "sts"),
        ("autoscaling.amazonaws.com",),
        30,
        "autoscaling.amazonaws.com",
    ),
)

ACTORS = PEOPLE + PROGRAMS + SERVICE_CALLERS
