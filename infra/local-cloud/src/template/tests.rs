use std::{collections::BTreeMap, fs, time::Duration};

use super::{Build, Template, TemplateError, WebSocketApi};

fn load_with(source: &str, parameters: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("template.yaml");
    fs::write(&path, source).unwrap();
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Template::load(&path, &parameters)
}

fn load(source: &str) -> Template {
    load_with(source, &[]).unwrap()
}

fn fault(source: &str) -> (Option<usize>, String, String) {
    let error = load_with(source, &[]).unwrap_err();
    (error.line, error.subject, error.message)
}

/// The environment of a function whose variables are these YAML lines.
fn variables(head: &str, lines: &[&str], parameters: &[(&str, &str)]) -> BTreeMap<String, String> {
    let lines: String = lines.iter().map(|line| format!("          {line}\n")).collect();
    let source = format!(
        "{head}\nResources:\n  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: items\n      \
         AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]\n      KeySchema: [{{AttributeName: id, KeyType: HASH}}]\n  \
         Role:\n    Type: AWS::IAM::Role\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      Environment:\n        \
         Variables:\n{lines}"
    );
    let template = load_with(&source, parameters).unwrap();
    assert_eq!(template.warnings, Vec::<String>::new());
    template.functions["Fn"].environment.clone()
}

const HEAD: &str = "
Parameters:
  Stage: {Type: String, Default: dev}
  Origins: {Type: CommaDelimitedList, Default: 'a, b'}
Mappings:
  Sizes: {dev: {memory: 128}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Not [!Condition IsDev]
  Either: !Or [!Condition IsDev, !Condition IsProd]
  Both: !And [!Condition IsDev, !Condition IsProd]
";

#[test]
fn functions_of_cloudformation_are_evaluated() {
    let environment = variables(
        HEAD,
        &[
            "REF: !Ref Stage",
            "TABLE: !Ref Table",
            "ARN: !GetAtt Table.Arn",
            "LONG: {Fn::GetAtt: [Table, Arn]}",
            "ROLE: !GetAtt Role.Arn",
            "SUB: !Sub '${Stage}-${Table}-${Table.Arn}-${AWS::Region}-${!Literal}'",
            "SUB2: !Sub ['${x}/${Stage}', {x: !Ref Table}]",
            "IF: !If [IsProd, yes, no]",
            "GONE: !If [Both, x, !Ref AWS::NoValue]",
            "EITHER: !If [Either, x, y]",
            "JOIN: !Join [',', !Ref Origins]",
            "SELECT: !Select [1, !Split ['/', a/b/c]]",
            "MAP: !FindInMap [Sizes, !Ref Stage, memory]",
            "NUMBER: 007",
        ],
        &[],
    );
    let expected = [
        ("REF", "dev"),
        ("TABLE", "items"),
        ("ARN", "arn:aws:dynamodb:us-east-1:000000000000:table/items"),
        ("LONG", "arn:aws:dynamodb:us-east-1:000000000000:table/items"),
        ("ROLE", "arn:aws:iam::000000000000:role/Role"),
        ("SUB", "dev-items-arn:aws:dynamodb:us-east-1:000000000000:table/items-us-east-1-${Literal}"),
        ("SUB2", "items/dev"),
        ("IF", "no"),
        ("EITHER", "x"),
        ("JOIN", "a,b"),
        ("SELECT", "b"),
        ("MAP", "128"),
        ("NUMBER", "007"),
    ];
    assert_eq!(environment, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn parameter_values_override_defaults_and_change_conditions() {
    let head = HEAD.replace("memory: 128}", "memory: 128}, prod: {memory: 256}");
    let environment = variables(&head, &["IF: !If [IsProd, yes, no]"], &[("Stage", "prod")]);
    assert_eq!(environment["IF"], "yes");
    let unknown = load_with("Resources: {}", &[("Nope", "1")]).unwrap_err();
    assert_eq!(
        (unknown.subject.as_str(), unknown.message.as_str()),
        ("Parameters.Nope", "the template has no such parameter")
    );
    let refused = load_with(
        "Parameters:\n  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}\nResources: {}",
        &[("Stage", "test")],
    );
    assert_eq!(refused.unwrap_err().message, r#""test" is not allowed (AllowedValues: dev, prod)"#);
}

/// Why a parameter with these rules refuses the value. Empty if it accepts it.
fn refusal(rules: &str, value: &str) -> String {
    let source = format!("Parameters:\n  P: {{{rules}}}\nResources: {{}}\n");
    match load_with(&source, &[("P", value)]) {
        Ok(template) => {
            assert_eq!(template.warnings, Vec::<String>::new());
            String::new()
        }
        Err(error) => {
            assert_eq!((error.line, error.subject.as_str()), (Some(2), "Parameters.P"));
            error.message
        }
    }
}

#[test]
fn parameter_values_obey_the_rules_of_the_template() {
    let number = "Type: Number, MinValue: 1, MaxValue: 10.5";
    let length = "Type: String, MinLength: 2, MaxLength: 3";
    let pattern = r#"Type: String, AllowedPattern: "[a-z]+|[0-9]+", ConstraintDescription: letters or digits"#;
    let look_ahead = r#"Type: String, AllowedPattern: "^(?=(.*,)?b(,|$))[a-z,]+$""#;
    let list = "Type: CommaDelimitedList, AllowedValues: [a, b], AllowedPattern: '[a-z]'";
    let numbers = "Type: List<Number>, MaxValue: 3";
    for (rules, value, message) in [
        (number, "1", ""),
        (number, "10.5", ""),
        (number, "0", r#""0" is not allowed (MinValue: 1)"#),
        (number, "-1", r#""-1" is not allowed (MinValue: 1)"#),
        (number, "11", r#""11" is not allowed (MaxValue: 10.5)"#),
        (number, "many", r#""many" is not a number"#),
        (number, "NaN", r#""NaN" is not a number"#),
        // Three characters in six bytes.
        (length, "äöü", ""),
        (length, "a", r#""a" is not allowed (MinLength: 2)"#),
        (length, "abcd", r#""abcd" is not allowed (MaxLength: 3)"#),
        (pattern, "ab", ""),
        // The pattern must match the whole value, whichever alternative does.
        (pattern, "ab1", r#""ab1" is not allowed (AllowedPattern: [a-z]+|[0-9]+): letters or digits"#),
        (pattern, "ab\n", r#""ab\n" is not allowed (AllowedPattern: [a-z]+|[0-9]+): letters or digits"#),
        (look_ahead, "a,b", ""),
        (look_ahead, "a,c", r#""a,c" is not allowed (AllowedPattern: ^(?=(.*,)?b(,|$))[a-z,]+$)"#),
        (list, "a,b", ""),
        (list, "a,c", r#""c" is not allowed (AllowedValues: a, b)"#),
        (numbers, "1,2", ""),
        (numbers, "1,4", r#""4" is not allowed (MaxValue: 3)"#),
        (numbers, "1,x", r#""x" is not a number"#),
        ("Type: String, NoEcho: true, MinLength: 8", "secret", "the value (NoEcho) is not allowed (MinLength: 8)"),
    ] {
        assert_eq!(refusal(rules, value), message, "{rules} {value}");
    }
    // Defaults obey them, too.
    let (_, subject, message) = fault("Parameters: {P: {Type: Number, Default: 0, MinValue: 1}}\nResources: {}");
    assert_eq!((subject.as_str(), message.as_str()), ("Parameters.P", r#""0" is not allowed (MinValue: 1)"#));
}

#[test]
fn pattern_that_cannot_be_checked_causes_a_warning() {
    let template = load("Parameters: {P: {Type: String, Default: a, AllowedPattern: '['}}\nResources: {}");
    let [warning] = template.warnings.as_slice() else { panic!("{:?}", template.warnings) };
    assert!(warning.starts_with("line 1: P.AllowedPattern is not checked locally: "), "{warning}");
}

#[test]
fn errors_name_line_resource_and_property() {
    let function = "Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n";
    let (line, subject, message) = fault(&format!("{function}      MemorySize: !Ref Nope\n"));
    assert_eq!((line, subject.as_str()), (Some(5), "Fn.MemorySize"));
    assert!(message.contains("Nope is neither a parameter nor a resource"), "{message}");
    let (line, subject, _) = fault(&format!("{function}      Timeout: soon\n"));
    assert_eq!((line, subject.as_str()), (Some(5), "Fn.Timeout"));
    let (line, _, message) = fault("Resources:\n  A: [\n");
    assert!(line.is_some(), "{message}");
    let (_, subject, message) =
        fault("Conditions: {A: !Condition B, B: !Condition A}\nResources: {X: {Type: T, Condition: A}}");
    assert!(subject.starts_with("X") && message.contains("depends on itself"), "{subject}: {message}");
    let (_, _, message) = fault("Parameters: {P: {Type: String}}\nResources: {}");
    assert!(message.contains("no default"), "{message}");
    let missing = Template::load("/nonexistent/template.yaml".as_ref(), &BTreeMap::new()).unwrap_err();
    assert!(missing.to_string().starts_with("/nonexistent/template.yaml: "), "{missing}");
}

#[test]
fn reference_to_a_resource_with_a_false_condition_is_an_error() {
    let (_, subject, message) = fault(
        "Conditions: {Never: !Equals [a, b]}\nResources:\n  Role: {Type: AWS::IAM::Role, Condition: Never}\n  Fn:\n    \
         Type: AWS::Serverless::Function\n    Properties: {FunctionName: !Ref Role}\n",
    );
    assert_eq!(subject, "Fn.FunctionName");
    assert!(message.contains("its condition is false"), "{message}");
}

#[test]
fn globals_are_merged_and_defaults_are_those_of_aws() {
    let template = load(
        "Globals:\n  Function:\n    Timeout: 10\n    MemorySize: 256\n    Environment: {Variables: {A: 1, B: 2}}\n    CodeUri: functions\n    \
         LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: DEBUG}\n\
         Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: send}}\n    \
         Properties: {MemorySize: 512, Environment: {Variables: {B: 3}}}\n",
    );
    let function = &template.functions["Fn"];
    assert_eq!((function.memory, function.timeout), (512, Duration::from_secs(10)));
    assert_eq!(function.environment, BTreeMap::from([("A".into(), "1".into()), ("B".into(), "3".into())]));
    assert_eq!(function.build, Build::Cargo { binary: Some("send".to_owned()) });
    assert_eq!(function.name, "local-Fn");
    assert!(function.package.ends_with("functions"));
    assert_eq!(function.logging.level.as_deref(), Some("DEBUG"));
    let bare = load("Resources: {Fn: {Type: AWS::Serverless::Function}}");
    let function = &bare.functions["Fn"];
    assert_eq!((function.memory, function.timeout), (128, Duration::from_secs(3)));
    assert_eq!(function.build, Build::Other("it has no Metadata".to_owned()));
}

#[test]
fn unsupported_parts_cause_warnings_unless_they_have_no_effect() {
    let template = load(
        "Resources:\n  Queue: {Type: AWS::SQS::Queue}\n  Role: {Type: AWS::IAM::Role}\n  Fn:\n    Type: AWS::Serverless::Function\n    \
         Properties:\n      Tracing: Active\n      Layers: [a]\n      Events:\n        Tick: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}\n",
    );
    let warnings = template.warnings.join("\n");
    assert_eq!(template.warnings.len(), 3, "{warnings}");
    for expected in [
        "Queue is of type AWS::SQS::Queue",
        "line 8: Fn.Layers is not supported",
        "Fn.Events.Tick: events of type Schedule",
    ] {
        assert!(warnings.contains(expected), "{warnings}");
    }
}

const APIS: &str = "
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Http, Method: get, Path: '/a/{id}'}}
        Open: {Type: HttpApi, Properties: {ApiId: !Ref Http, Method: ANY, Path: /open, Auth: {Authorizer: NONE}, TimeoutInMillis: 500}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Http}}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            FunctionArn: !GetAtt Fn.Arn
            AuthorizerPayloadFormatVersion: 2.0
            EnableSimpleResponses: true
            Identity: {Headers: [Authorization], ReauthorizeEvery: 60}
      CorsConfiguration: {AllowOrigins: ['https://a.example'], AllowMethods: [GET], MaxAge: 5}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: live
      RouteSelectionExpression: $request.body.action
      Auth: {AuthType: CUSTOM, AuthArn: !GetAtt Fn.Arn, IdentitySource: []}
      Routes:
        $connect: {FunctionArn: !GetAtt Fn.Arn}
        sendMessage: {FunctionArn: !GetAtt Fn.Arn, IntegrationTimeout: 700, RouteResponseSelectionExpression: $default}
        quiet: {FunctionArn: !GetAtt Fn.Arn}
  Reply:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Socket, RouteId: !Ref SocketSendmessageRoute, RouteResponseKey: $default}
";

#[test]
fn both_apis_are_read() {
    let template = load(APIS);
    assert_eq!(template.warnings, Vec::<String>::new());
    let http = template.http_api.unwrap();
    let keys: Vec<_> = http
        .routes
        .iter()
        .map(|route| (route.method.as_deref(), route.path.as_deref(), route.authorizer.as_deref()))
        .collect();
    assert_eq!(
        keys,
        [(Some("GET"), Some("/a/{id}"), Some("Jwt")), (Some("ANY"), Some("/open"), None), (None, None, Some("Jwt"))]
    );
    assert_eq!(http.routes[1].timeout, Duration::from_millis(500));
    assert_eq!(http.authorizers["Jwt"].identity_sources, ["$request.header.Authorization"]);
    assert_eq!(http.cors.unwrap().max_age, Some(5));
    let WebSocketApi { stage, selection, routes, authorizer, .. } = template.websocket_api.unwrap();
    assert_eq!((stage.as_str(), selection), ("live", vec!["action".to_owned()]));
    assert!(authorizer.unwrap().identity_sources.is_empty());
    assert!(routes["sendMessage"].replies);
    assert!(!routes["quiet"].replies && !routes["$connect"].replies);
    assert_eq!(routes["sendMessage"].timeout, Some(Duration::from_millis(700)));
}

#[test]
fn route_without_response_selection_sends_no_reply() {
    let without_selection = load(&APIS.replace(", RouteResponseSelectionExpression: $default", ""));
    assert!(!without_selection.websocket_api.unwrap().routes["sendMessage"].replies);
    assert!(
        without_selection.warnings[0].contains("SocketSendmessageRoute has no RouteResponseSelectionExpression"),
        "{:?}",
        without_selection.warnings
    );
}

#[test]
fn route_response_of_an_unknown_route_is_an_error() {
    let wrong = APIS.replace("SocketSendmessageRoute", "SocketSendMessageRoute");
    let (_, subject, message) = fault(&wrong);
    assert_eq!(subject, "Reply.RouteId");
    assert!(message.contains("SocketSendMessageRoute is neither"), "{message}");
}

#[test]
fn duplicate_route_and_unknown_authorizer_are_errors() {
    let duplicate = APIS.replace("Method: ANY, Path: /open", "Method: GET, Path: '/a/{id}'");
    assert!(fault(&duplicate).2.contains("has the same route"));
    let unknown = APIS.replace("Authorizer: NONE", "Authorizer: Other");
    assert!(fault(&unknown).2.contains("Http has no authorizer Other"));
}

#[test]
fn tables_are_read_with_keys_indexes_and_ttl() {
    let template = load(
        "Resources:\n  Items:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n      \
         AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: N}]\n      \
         KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]\n      \
         GlobalSecondaryIndexes: [{IndexName: bySk, KeySchema: [{AttributeName: sk, KeyType: HASH}], Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [a]}}]\n      \
         TimeToLiveSpecification: {AttributeName: expires, Enabled: true}\n      StreamSpecification: {StreamViewType: NEW_IMAGE}\n",
    );
    let table = &template.tables[0];
    assert_eq!(table.name, "local-Items");
    assert_eq!((table.key.partition.as_str(), table.key.sort.as_deref()), ("pk", Some("sk")));
    assert_eq!(table.global_indexes[0].projection, "INCLUDE");
    assert_eq!(table.ttl.as_deref(), Some("expires"));
    assert_eq!(template.warnings.len(), 1);
    let (_, subject, _) = fault(
        "Resources:\n  Items:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n",
    );
    assert_eq!(subject, "Items.AttributeDefinitions");
}

#[test]
fn buckets_are_read_with_their_cors_rules() {
    let source = "
Parameters:
  Origins: {Type: String, Default: ''}
Conditions:
  HasCors: !Not [!Equals [!Ref Origins, '']]
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties:
      LifecycleConfiguration: {Rules: [{Id: A, Status: Enabled, ExpirationInDays: 2}]}
      CorsConfiguration: !If
        - HasCors
        - CorsRules:
            - AllowedOrigins: !Split [',', !Ref Origins]
              AllowedMethods: [GET, PUT]
              AllowedHeaders: [content-type]
              MaxAge: 3600
        - !Ref AWS::NoValue
  Named: {Type: AWS::S3::Bucket, Properties: {BucketName: my.files}}
Outputs:
  Arn: {Value: !GetAtt Files.Arn}
";
    let template = load_with(source, &[("Origins", "http://a,http://b")]).unwrap();
    assert_eq!(template.warnings, Vec::<String>::new());
    let [files, named] = template.buckets.as_slice() else { panic!("two buckets") };
    assert_eq!((files.name.as_str(), named.name.as_str()), ("local-files", "my.files"));
    let [rule] = files.cors.as_slice() else { panic!("one rule") };
    assert_eq!(
        (&*rule.origins.join(" "), &*rule.methods.join(" "), rule.max_age),
        ("http://a http://b", "GET PUT", Some(3600))
    );
    assert_eq!(load(source).buckets[0].cors, []);
    let (_, subject, message) = fault("Resources: {F: {Type: AWS::S3::Bucket, Properties: {BucketName: Upper}}}");
    assert_eq!((subject.as_str(), message.contains("Upper")), ("F.BucketName", true));
}

#[test]
fn violated_rules_are_reported() {
    let source = "
Parameters: {A: {Type: String, Default: ''}, B: {Type: String, Default: ''}}
Rules:
  One:
    Assertions: [{AssertDescription: Give A or B., Assert: !Or [!Not [!Equals [!Ref A, '']], !Not [!Equals [!Ref B, '']]]}]
  Unless:
    RuleCondition: !Equals [!Ref A, never]
    Assertions: [{Assert: !Equals [a, b]}]
Resources: {}
";
    assert_eq!(load(source).violations, ["rule One of the template: Give A or B."]);
    assert!(load_with(source, &[("B", "x")]).unwrap().violations.is_empty());
}
