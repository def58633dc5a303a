"""Checks the optional part of the template that serves the web client.

    python -m unittest discover -s tests/deploy -p test_web_client.py
"""

from __future__ import annotations

import copy
import json
import re
import unittest
from fnmatch import fnmatchcase
from typing import Any

from test_template import names_in_sub, references
from translate import REGION, TEMPLATE, Template, of_type, translate

CONDITION = "HasWebClient"
DOCS = TEMPLATE.parent / "docs" / "OPERATIONS.md"
POLICY = TEMPLATE.parent / "infra" / "dev" / "src" / "web" / "policy.rs"
TOKENS = {"AuthJwksUrl": "https://auth.example.com/jwks.json"}
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/one"
# A stack whose addresses are all its own.
PLAIN = TOKENS | {"WebClient": "true"}
# A stack with a custom domain for everything.
DOMAINS = TOKENS | {
    "WebClient": "true",
    "WebClientDomainName": "chat.example.com",
    "WebClientCertificateArn": CERTIFICATE,
    "HttpDomainName": "http.example.com",
    "WebSocketDomainName": "ws.example.com",
    "CertificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/two",
}
# What a team adds so that its users sign in as in the rest of its site.
SIGN_IN = {
    "WebClientTokenUrl": "https://app.example.com/chat-token",
    "WebClientSignInUrl": "https://app.example.com/sign-in?next=chat&from=web",
    "WebClientImageOrigins": "https://images.example.com,https://cdn.example.org:8443",
}


class Values:
    """The values of a template's functions, for these parameters. A resource has its logical id as Ref."""

    def __init__(self, template: Template, parameters: dict[str, str]) -> None:
        self.conditions = template["Conditions"]
        defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
        pseudo = {"Region": REGION, "URLSuffix": "amazonaws.com", "StackName": "lambda-chat", "Partition": "aws"}
        self.references = defaults | parameters | {f"AWS::{name}": value for name, value in pseudo.items()}

    def holds(self, condition: Any) -> bool:
        """Whether a condition, or the expression of one, is true."""
        if isinstance(condition, str):
            return self.holds(self.conditions[condition])
        ((function, argument),) = condition.items()
        match function:
            case "Condition":
                return self.holds(argument)
            case "Fn::Equals":
                return bool(self.of(argument[0]) == self.of(argument[1]))
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(self.holds(each) for each in argument)
            case "Fn::Or":
                return any(self.holds(each) for each in argument)
        raise AssertionError(f"{function} is no condition")

    def of(self, node: Any) -> Any:
        """The value of a node. None for AWS::NoValue."""
        if isinstance(node, list):
            return [self.of(each) for each in node]
        if not isinstance(node, dict):
            return node
        match next(iter(node.items()), ("", None)):
            case ("Ref", "AWS::NoValue"):
                return None
            case ("Ref", name):
                return self.references.get(name, name)
            case ("Fn::GetAtt", path):
                return ".".join(path)
            case ("Fn::If", [condition, yes, no]):
                return self.of(yes if self.holds(condition) else no)
            case ("Fn::Split", [delimiter, text]):
                return self.of(text).split(delimiter)
            case ("Fn::Join", [delimiter, texts]):
                return delimiter.join(self.of(texts))
            case ("Fn::Sub", text):
                text, local = (text, {}) if isinstance(text, str) else text
                for name in names_in_sub(text):
                    value = self.of(local[name]) if name in local else self.references.get(name, name)
                    text = text.replace(f"${{{name}}}", value)
                return text
        return {key: self.of(value) for key, value in node.items()}


def dependencies(template: Template) -> dict[str, set[str]]:
    """By resource, the resources that CloudFormation creates before it."""
    resources = template["Resources"]
    found = {}
    for name, resource in resources.items():
        depends = resource.get("DependsOn", [])
        names = {each for _, each in references(resource["Properties"])} if "Properties" in resource else set()
        found[name] = (names | set([depends] if isinstance(depends, str) else depends)) & set(resources)
    return found


def cycle(template: Template) -> list[str]:
    """The resources that are in a cycle, or that need one. Empty if there is none."""
    waiting = dependencies(template)
    while ready := {name for name, needed in waiting.items() if not needed}:
        waiting = {name: needed - ready for name, needed in waiting.items() if name not in ready}
    return sorted(waiting)


def origins(template: Template, parameters: dict[str, str]) -> tuple[Any, Any]:
    """The origins that the HTTP API and the bucket with attachments allow. None if CORS is off."""
    values = Values(template, parameters)
    http = values.of(template["Resources"]["HttpApi"]["Properties"]["Body"].get("x-amazon-apigateway-cors"))
    bucket = values.of(template["Resources"]["AttachmentsBucket"]["Properties"]["CorsConfiguration"])
    return http and http["allowOrigins"], bucket and bucket["CorsRules"][0]["AllowedOrigins"]


def without_path(url: str) -> str:
    """Scheme and host of a URL."""
    return "/".join(url.split("/")[:3])


def uploads(docs: str, file: str) -> bool:
    """Whether the documented `aws s3 sync` uploads this file of the directory clients. Of the filters that match, the last
    one decides."""
    command = re.search(r"aws s3 sync clients (?:[^\n]*\\\n)+[^\n]*", docs)
    assert command
    filters = re.findall(r'--(include|exclude) "([^"]*)"', command[0])
    return [kind for kind, pattern in filters if fnmatchcase(file, pattern)][-1:] == ["include"]


def local_policies() -> tuple[str, str]:
    """The Content-Security-Policy and the Permissions-Policy of the local web client, as they are in its source."""
    texts = re.findall(r'const \w+: &str = "([^"]*)";', POLICY.read_text())
    csp, permissions = (re.sub(r"\\\n\s*", "", text) for text in texts[:2])
    return csp, permissions


class WebClient(unittest.TestCase):
    template: Template

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = translate(PLAIN)
        cls.own = {name for name, each in cls.template["Resources"].items() if each.get("Condition") == CONDITION}

    def property(self, resource: str, *path: str, parameters: dict[str, str] = PLAIN) -> Any:
        """The value of a property, for these parameters."""
        node = self.template["Resources"][resource]["Properties"]
        for key in path:
            node = node[key]
        return Values(self.template, parameters).of(node)

    def test_nothing_is_created_by_default_and_nothing_else_needs_it(self) -> None:
        kinds = {"WebClientBucket", "WebClientBucketPolicy", "WebClientAccess", "WebClientConfig"}
        self.assertEqual(self.own, kinds | {"WebClientHeaders", "WebClientDistribution"})
        self.assertFalse(Values(self.template, TOKENS).holds(CONDITION))
        self.assertTrue(Values(self.template, PLAIN).holds(CONDITION))
        places = {**self.template["Resources"], **self.template["Outputs"]}
        for name, place in places.items():
            used = {each for _, each in references({key: place[key] for key in place if key != "Condition"})} & self.own
            self.assertTrue(not used or place.get("Condition") == CONDITION, f"{name} needs {used}")
        # All of CloudFront is in this part, and it has no function of Lambda.
        for name, resource in self.template["Resources"].items():
            self.assertEqual(name in self.own, "CloudFront" in resource["Type"] or name.startswith("WebClient"), name)
            self.assertNotIn("Custom", resource["Type"], name)

    def test_no_resource_needs_itself(self) -> None:
        for parameters in (TOKENS, PLAIN, DOMAINS):
            self.assertEqual(cycle(translate(parameters)), [])

    def test_cycle_is_noticed(self) -> None:
        broken = copy.deepcopy(self.template)
        rules = broken["Resources"]["AttachmentsBucket"]["Properties"]["CorsConfiguration"]["Fn::If"][1]["CorsRules"]
        rules[0]["AllowedOrigins"] = [{"Fn::Sub": "https://${WebClientDistribution.DomainName}"}]
        found = cycle(broken)
        self.assertLessEqual({"AttachmentsBucket", "WebClientHeaders", "WebClientDistribution"}, set(found))
        self.assertNotIn("ChatsTable", found)

    def test_domain_of_the_web_client_is_an_origin_of_the_api_and_of_the_bucket(self) -> None:
        pages, own = "https://pages.example.com,https://more.example.com", "https://chat.example.com"
        for parameters, expected in [
            (TOKENS, None),
            (PLAIN, None),
            (PLAIN | {"CorsOrigins": pages}, pages.split(",")),
            (DOMAINS, [own]),
            (DOMAINS | {"CorsOrigins": pages}, [own, *pages.split(",")]),
        ]:
            with self.subTest(parameters):
                self.assertEqual(origins(translate(parameters), parameters), (expected, expected))

    def test_only_the_distribution_reads_the_bucket(self) -> None:
        tls, read = self.template["Resources"]["WebClientBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual((tls["Effect"], tls["Principal"], tls["Action"]), ("Deny", "*", "s3:*"))
        self.assertEqual(tls["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
        self.assertEqual((read["Effect"], read["Action"]), ("Allow", "s3:GetObject"))
        self.assertEqual(read["Principal"], {"Service": "cloudfront.amazonaws.com"})
        self.assertEqual(read["Resource"], {"Fn::Sub": "${WebClientBucket.Arn}/*"})
        source = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${WebClientDistribution}"
        self.assertEqual(read["Condition"], {"StringEquals": {"aws:SourceArn": {"Fn::Sub": source}}})
        access = self.property("WebClientAccess", "OriginAccessControlConfig")
        self.assertEqual((access["SigningBehavior"], access["SigningProtocol"]), ("always", "sigv4"))
        (origin,) = self.property("WebClientDistribution", "DistributionConfig", "Origins")
        self.assertEqual(origin["OriginAccessControlId"], "WebClientAccess")
        self.assertEqual(origin["S3OriginConfig"], {"OriginAccessIdentity": ""})

    def test_every_answer_has_the_headers_and_needs_https(self) -> None:
        config = self.property("WebClientDistribution", "DistributionConfig")
        behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
        self.assertEqual([each.get("PathPattern") for each in behaviors], [None, "/config.json"])
        for behavior in behaviors:
            self.assertEqual(behavior["ResponseHeadersPolicyId"], "WebClientHeaders")
            self.assertEqual(behavior["ViewerProtocolPolicy"], "redirect-to-https")
            self.assertEqual(behavior["AllowedMethods"], ["GET", "HEAD"])
        headers = self.property("WebClientHeaders", "ResponseHeadersPolicyConfig", "SecurityHeadersConfig")
        self.assertEqual(headers["ReferrerPolicy"]["ReferrerPolicy"], "no-referrer")
        self.assertGreaterEqual(headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"], 365 * 24 * 60 * 60)
        custom = self.property("WebClientHeaders", "ResponseHeadersPolicyConfig", "CustomHeadersConfig", "Items")
        self.assertEqual(
            {each["Header"]: each["Value"] for each in custom},
            {
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Permissions-Policy": local_policies()[1],
            },
        )
        self.assertIn("ContentTypeOptions", headers)
        overrides = [each["Override"] for each in [*headers.values(), *custom]]
        self.assertEqual(overrides, [True] * len(overrides))

    def test_policy_is_that_of_the_local_web_client_with_the_addresses_of_the_stack(self) -> None:
        local, _ = local_policies()
        bucket = f"https://AttachmentsBucket.s3.{REGION}.amazonaws.com"
        for parameters in (PLAIN, DOMAINS):
            values = Values(self.template, parameters)
            http, websocket = (values.of(self.template["Outputs"][name]["Value"]) for name in ("HttpUrl", "WebSocketUrl"))
            expected = local.replace("{http}", http).replace("{websocket}", without_path(websocket))
            policy = self.property(
                "WebClientHeaders",
                *("ResponseHeadersPolicyConfig", "SecurityHeadersConfig", "ContentSecurityPolicy", "ContentSecurityPolicy"),
                parameters=parameters,
            )
            self.assertEqual(policy, expected.replace("{bucket}", bucket))
            self.assertNotIn("*", policy)

    def directives(self, parameters: dict[str, str]) -> dict[str, list[str]]:
        """The sources of the Content-Security-Policy, by directive."""
        policy = self.property(
            "WebClientHeaders",
            *("ResponseHeadersPolicyConfig", "SecurityHeadersConfig", "ContentSecurityPolicy", "ContentSecurityPolicy"),
            parameters=parameters,
        )
        return {name: sources for name, *sources in (directive.split(" ") for directive in policy.split("; "))}

    def test_policy_allows_the_token_url_and_the_origins_of_pictures_that_are_given(self) -> None:
        plain, more = self.directives(PLAIN), self.directives(PLAIN | SIGN_IN)
        added = {name: [each for each in more[name] if each not in plain[name]] for name in plain}
        self.assertEqual(list(more), list(plain))
        self.assertEqual(
            {name: sources for name, sources in added.items() if sources},
            {
                "img-src": ["https://images.example.com", "https://cdn.example.org:8443"],
                "connect-src": ["https://app.example.com/chat-token"],
            },
        )

    def test_patterns_allow_nothing_that_changes_the_policy_or_the_code(self) -> None:
        for name, value in SIGN_IN.items():
            parameter = self.template["Parameters"][name]
            pattern = re.compile(parameter["AllowedPattern"])
            self.assertEqual(parameter["Default"], "")
            for allowed in ("", value, "https://a.example", "https://a.example:8443"):
                self.assertTrue(pattern.fullmatch(allowed), f"{name} {allowed}")
                self.assertLessEqual(len(allowed), parameter["MaxLength"])
            for refused in (
                "http://a.example",
                "https://*.example.com",
                "https://a",
                "https://user@a.example",
                "https://A.example/#part",
                "*",
                "'unsafe-inline'",
                *(f"{value}{end}" for end in "; ' \" ` \\ < > ( ) { } $ * # @ | \t \n".split(" ")),
                f"{value} https://b.example",
                f"{value}; script-src *",
                f"{value}' + x + '",
                f"{value},",
            ):
                self.assertFalse(pattern.fullmatch(refused), f"{name} {refused}")
        # A list is only for origins, without a path.
        origins = re.compile(self.template["Parameters"]["WebClientImageOrigins"]["AllowedPattern"])
        self.assertFalse(origins.fullmatch("https://a.example/x"))
        self.assertFalse(origins.fullmatch("https://a.example, https://b.example"))
        token = re.compile(self.template["Parameters"]["WebClientTokenUrl"]["AllowedPattern"])
        self.assertFalse(token.fullmatch("https://a.example/token?x=1"))

    def test_configuration_has_the_addresses_of_the_outputs(self) -> None:
        ((name, _),) = of_type(self.template, "AWS::CloudFront::Function").items()
        behavior = self.property("WebClientDistribution", "DistributionConfig", "CacheBehaviors")[0]
        self.assertEqual(
            behavior["FunctionAssociations"], [{"EventType": "viewer-request", "FunctionARN": f"{name}.FunctionARN"}]
        )
        for parameters, http in (
            (PLAIN, "https://HttpApi.execute-api."),
            (DOMAINS, "https://http.example.com"),
            (DOMAINS | SIGN_IN, "https://http.example.com"),
        ):
            values = Values(self.template, parameters)
            code = self.property(name, "FunctionCode", parameters=parameters)
            (body,) = re.findall(r"JSON\.stringify\(\{\n(.*?)\n *\}\)", code, re.DOTALL)
            fields = dict(re.findall(r"(\w+): ('[^']*'(?: \|\| undefined)?),", body))
            outputs = self.template["Outputs"]
            self.assertEqual(
                fields,
                {
                    "httpUrl": f"'{values.of(outputs['HttpUrl']['Value'])}'",
                    "webSocketUrl": f"'{values.of(outputs['WebSocketUrl']['Value'])}'",
                    "tokenUrl": f"'{parameters.get('WebClientTokenUrl', '')}' || undefined",
                    "signInUrl": f"'{parameters.get('WebClientSignInUrl', '')}' || undefined",
                },
            )
            self.assertTrue(fields["httpUrl"].startswith(f"'{http}"), body)
            self.assertNotIn("${", code)

    def test_documented_upload_has_the_files_that_are_served_locally(self) -> None:
        docs = DOCS.read_text()
        for file in ("web/app.css", "web/src/chat/log.js", "web/more/page.html", "web/icon.svg", "javascript/src/index.js"):
            self.assertTrue(uploads(docs, file), file)
        for file in (
            # The other command uploads it, to another key.
            "web/index.html",
            # It needs the stand-in Auth Service.
            "web/examples/window.html",
            "web/package.json",
            "web/README.md",
            "web/node_modules/axe-core/axe.js",
            "web/test/xss.js",
            "web/src/links.test.js",
            "javascript/package.json",
            "javascript/src/api.d.ts",
            "javascript/test/core/state.js",
            "rust/src/lib.rs",
        ):
            self.assertFalse(uploads(docs, file), file)

    def test_domain_needs_its_certificate_and_sets_the_alias(self) -> None:
        plain = self.property("WebClientDistribution", "DistributionConfig")
        self.assertEqual((plain["Aliases"], plain["ViewerCertificate"]), (None, {"CloudFrontDefaultCertificate": True}))
        with_domain = self.property("WebClientDistribution", "DistributionConfig", parameters=DOMAINS)
        self.assertEqual(with_domain["Aliases"], ["chat.example.com"])
        certificate = with_domain["ViewerCertificate"]
        self.assertEqual((certificate["AcmCertificateArn"], certificate["SslSupportMethod"]), (CERTIFICATE, "sni-only"))
        rules = self.template["Rules"]
        for parameters, allowed in [
            ({}, True),
            (PLAIN, True),
            (DOMAINS, True),
            (DOMAINS | {"WebClientCertificateArn": ""}, False),
            (PLAIN | {"WebClientCertificateArn": CERTIFICATE}, False),
            (DOMAINS | {"WebClient": "false"}, False),
        ]:
            values = Values(self.template, parameters)
            verdicts = [
                values.holds(assertion["Assert"])
                for rule in (rules["WebClientDomainIsWhole"], rules["WebClientDomainHasAWebClient"])
                if "RuleCondition" not in rule or values.holds(rule["RuleCondition"])
                for assertion in rule["Assertions"]
            ]
            self.assertEqual(all(verdicts), allowed, json.dumps(parameters))


if __name__ == "__main__":
    unittest.main()
