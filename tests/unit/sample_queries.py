"""Queries as ActionTrail's users write them: its own samples and alert rules, numbered, those with gaps completed."""

SAMPLES: dict[int, str] = {
    1: "DescribeInstances",
    2: "event.eventSource: actiontrail.cn-hangzhou.aliyuncs.com",
    3: "event.eventSource: actiontrail*",
    4: "event.userIdentity.accessKeyId: *",
    5: "event.errorCode: * AND event.userIdentity.accessKeyId: *",
    6: "event.eventName: Create OR event.eventName: CreateInstance OR event.eventName: RunInstances",
    7: "event.serviceName: AliKafka AND (event.eventName: Create OR event.eventName: CreateInstance)",
    8: "event.eventName: ConsoleSignin AND event.userIdentity.type: root-account",
    9: '* AND "event.eventCategory": Management AND "event.eventRW": Write',
    10: '* AND "event.eventCategory": Management AND "event.resourceType": "ACS::ECS::Instance"',
    11: (
        "event.eventName: ConsoleSignin and event.errorMessage: * and not event.errorMessage: success"
        ' | select "event.userIdentity.principalId" as user_id, count(1) as cnt group by user_id'
    ),
    12: (
        "event.eventName: ConsoleSignin and event.userIdentity.type: ram-user"
        " and event.additionalEventData.mfaChecked: false and (event.errorCode: null or not event.errorCode : *)"
    ),
    13: "event.serviceName: Actiontrail and (event.eventName: DeleteTrail or event.eventName: StopLogging)",
    14: (
        "event.serviceName: Kms and (event.eventName: DisableKey or event.eventName: ScheduleKeyDeletion"
        " or event.eventName: DeleteKeyMaterial)"
    ),
    15: (
        "event.userIdentity.type: root-account and event.userIdentity.accessKeyId: *"
        " and not event.userIdentity.accessKeyId: NULL"
    ),
    16: (
        "event.eventType: ApiCall and (event.errorCode: NoPermission or event.errorCode: NoPermission.*"
        " or event.errorCode: Forbidden or event.errorCode: Forbidden.* or event.errorCode: InvalidAccessKeyId"
        " or event.errorCode: InvalidAccessKeyId.* or event.errorCode: InvalidSecurityToken"
        " or event.errorCode: InvalidSecurityToken.* or event.errorCode: SignatureDoesNotMatch"
        " or event.errorCode: InvalidAuthorization or event.errorCode: AccessForbidden"
        " or event.errorCode: NotAuthorized)"
        ' | select "event.userIdentity.accountId" as account_id, "event.serviceName" as service_name,'
        ' "event.sourceIpAddress" as source_ip, count(1) as cnt'
        " group by account_id, service_name, source_ip order by cnt desc"
    ),
    17: (
        "(event.serviceName: ResourceManager or event.serviceName: Ram) and (event.eventName: CreatePolicy"
        " or event.eventName: DeletePolicy or event.eventName: CreatePolicyVersion"
        " or event.eventName: UpdatePolicyVersion or event.eventName: DeletePolicyVersion"
        " or event.eventName: SetDefaultPolicyVersion)"
    ),
    18: (
        "event.eventName: SetPasswordPolicy"
        ' | select "event.userIdentity.accountId" as account_id,'
        " cast(json_extract(\"event.requestParameterJson\", '$.MaxPasswordAge') as bigint) as age"
        " from log"
        " where cast(json_extract(\"event.requestParameterJson\", '$.MaxPasswordAge') as bigint) > 90"
    ),
    19: (
        "event.serviceName: Ecs and event.eventName: ModifyInstanceAttribute"
        ' | select "event.resourceName" as instance, "event.eventTime" as time from log'
        " where json_extract_scalar(\"event.requestParameterJson\", '$.DeletionProtection') = 'false'"
    ),
    20: (
        "event.insightDetails.insightType: IpInsight"
        ' | select array_agg(distinct "event.insightDetails.insightObject") as ips, count(1) as cnt'
    ),
}
"""Of 7, the documentation's copy has an unbalanced bracket. Those with SQL end in it."""
