"""Where the emulator understands less than CloudFormation, the template is told to it in other words.

template.yaml stays written for AWS. After the SAM transform (by the very library that AWS runs), what MiniStack 1.5.33
would misread is rewritten, to the same meaning:

- a parameter of type Number reaches a resource as text (with `MaximumConcurrency` no message is ever delivered);
- operations on batches of messages are looked for in policies by names of their own, which AWS does not have (the sweep
  would not be allowed to announce, and nobody would be told of Insights);
- gateway responses in an API's definition are not read, only those that are resources (errors that the API itself
  answers would lack our shape).

(A fourth difference, that plain HTTP on the loopback counts as unencrypted, is dealt with in emulator_process.)
"""

import logging
from collections.abc import Mapping
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.local.clients import session

# It warns of features that only AWS can switch.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

BATCHES = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sns:Publish": "sns:PublishBatch",
}
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def for_emulator(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """A SAM template as plain CloudFormation that the emulator reads as AWS would."""
    plain = _transform(template, parameters, region)
    plain["Resources"] = _with_batches(_number_parameters(plain, parameters))
    _gateway_responses(plain["Resources"])
    return plain


def _transform(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """What CloudFormation does for `Transform: AWS::Serverless-2016-10-31`."""
    translator = Translator(None, Parser(), boto_session=session(region))
    plain: dict[str, Any] = translator.translate(dict(template), dict(parameters), get_managed_policy_map=dict)
    return plain


def _number_parameters(plain: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    numbers = {
        name: int(parameters.get(name, declared.get("Default", 0)))
        for name, declared in plain.get("Parameters", {}).items()
        if declared["Type"] == "Number"
    }
    return _replace(plain["Resources"], numbers)


def _replace(node: Any, values: Mapping[str, int]) -> Any:
    """A copy with values in place of `Ref`s to them, but for environment variables: those are text."""
    match node:
        case {"Ref": str(name)} if name in values:
            return values[name]
        case dict():
            return {key: value if key == "Variables" else _replace(value, values) for key, value in node.items()}
        case list():
            return [_replace(value, values) for value in node]
        case _:
            return node


def _with_batches(node: Any) -> Any:
    """A copy in which the actions of a policy include their batch forms."""
    match node:
        case {"Effect": "Allow", "Action": actions, **rest}:
            listed = [actions] if isinstance(actions, str) else list(actions)
            return {"Effect": "Allow", "Action": listed + [BATCHES[name] for name in listed if name in BATCHES], **rest}
        case dict():
            return {key: _with_batches(value) for key, value in node.items()}
        case list():
            return [_with_batches(value) for value in node]
        case _:
            return node


def _gateway_responses(resources: dict[str, Any]) -> None:
    """Make each a resource, made before the API is deployed: a deployment takes what is there."""
    made = []
    for api, resource in list(resources.items()):
        if resource["Type"] != "AWS::ApiGateway::RestApi":
            continue
        for kind, response in resource["Properties"]["Body"].get(GATEWAY_RESPONSES, {}).items():
            properties = {name[0].upper() + name[1:]: value for name, value in response.items()}
            made.append(name := f"{api}{kind.title().replace('_', '')}Response")
            resources[name] = {
                "Type": "AWS::ApiGateway::GatewayResponse",
                "Properties": {"RestApiId": {"Ref": api}, "ResponseType": kind, **properties},
            }
    for resource in resources.values():
        if resource["Type"] == "AWS::ApiGateway::Deployment":
            resource["DependsOn"] = made
