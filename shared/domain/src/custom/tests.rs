use super::*;
use proptest::prelude::*;
use serde_json::json;

fn parse(value: &Value) -> Result<Option<Custom>, InvalidCustom> {
    Custom::parse(value, Custom::MAX_BYTES)
}

/// The canonical form of a JSON text.
fn canonical(text: &str) -> String {
    parse(&serde_json::from_str(text).unwrap()).unwrap().unwrap().as_str().to_owned()
}

#[test]
fn order_and_notation_mean_nothing() {
    let one = r#"{"b": [1.0, -0, 2e2, 1E-7, 0.1], "a": {"z": null, "\u20ac": "\u00e9\u0000\/", "": true}}"#;
    let other = r#"{"a":{"":true,"€":"é\u0000/","z":null},"b":[1,0,200,0.0000001,0.10]}"#;
    assert_eq!(canonical(one), canonical(other));
    assert_eq!(canonical(one), "{\"a\":{\"\":true,\"z\":null,\"€\":\"é\\u0000/\"},\"b\":[1,0,200,1e-7,0.1]}");
    assert_ne!(canonical(r#"{"a":[1,2]}"#), canonical(r#"{"a":[2,1]}"#), "a list has an order");
    assert_ne!(canonical(r#"{"a":1}"#), canonical(r#"{"a":"1"}"#));
    assert_ne!(canonical(r#"{"a":null}"#), canonical(r#"{"b":null}"#), "a null inside is a value");
}

/// RFC 8785, section 3.2.3: members are sorted by UTF-16, not by UTF-8.
#[test]
fn members_are_sorted_as_the_rfc_says() {
    let sorted = "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"\u{f6}\":4,\"\u{20ac}\":5,\"\u{1f600}\":6,\"\u{fb33}\":7}";
    let value = json!({"\u{20ac}": 5, "\r": 1, "\u{fb33}": 7, "1": 2, "\u{1f600}": 6, "\u{80}": 3, "\u{f6}": 4});
    assert_eq!(parse(&value).unwrap().unwrap().as_str(), sorted);
}

#[test]
fn bytes_are_counted_without_white_space_in_utf8() {
    for max_bytes in [Custom::MAX_BYTES, Custom::MAX_USER_BYTES] {
        let frame = r#"{"a":""}"#.len();
        let of = |text: String| Custom::parse(&json!({"a": text}), max_bytes);
        assert_eq!(of("x".repeat(max_bytes - frame)).unwrap().unwrap().as_str().len(), max_bytes);
        let too_large = Err(InvalidCustom::TooLarge { limit: max_bytes });
        assert_eq!(of("x".repeat(max_bytes - frame + 1)), too_large);
        assert!(of("é".repeat((max_bytes - frame) / 2)).is_ok());
        assert_eq!(of("é".repeat((max_bytes - frame) / 2 + 1)), too_large);
    }
}

#[test]
fn depth_counts_objects_and_lists() {
    let nested = |levels: usize| (1..levels).fold(json!({"a": 1}), |inner, _| json!({"a": inner}));
    let listed = |levels: usize| json!({"a": (2..levels).fold(json!([1]), |inner, _| json!([inner]))});
    for of in [&nested as &dyn Fn(usize) -> Value, &listed] {
        assert!(parse(&of(Custom::MAX_DEPTH)).is_ok());
        assert_eq!(parse(&of(Custom::MAX_DEPTH + 1)), Err(InvalidCustom::TooDeep));
        assert_eq!(parse(&of(120)), Err(InvalidCustom::TooDeep));
    }
}

#[test]
fn only_an_object_with_members_is_custom_data() {
    assert_eq!(parse(&json!({})), Ok(None));
    for other in [json!(null), json!([]), json!([{"a": 1}]), json!("{}"), json!(1), json!(true)] {
        assert_eq!(parse(&other), Err(InvalidCustom::NotAnObject), "{other}");
    }
    assert!(parse(&json!({"a": {}, "b": [], "c": null})).unwrap().is_some());
    assert!(Custom::from_json(r#"{"a":1}"#).is_ok());
    for broken in ["", "{", "{}", "[1]", r#"{"a":1e400}"#] {
        assert!(Custom::from_json(broken).is_err(), "{broken}");
    }
}

#[test]
fn numbers_are_those_that_every_reader_keeps() {
    const MAX: i64 = 9_007_199_254_740_991;
    for kept in [json!(MAX), json!(-MAX), json!(0.1), json!(-5e-324), json!(1.5e15), json!(0.30000000000000004)] {
        let custom = parse(&json!({"n": kept})).unwrap().unwrap();
        let shown = serde_json::to_value(&custom).unwrap();
        assert_eq!(shown["n"].as_f64(), kept.as_f64(), "{custom:?}");
    }
    for other in [json!(MAX + 1), json!(-MAX - 1), json!(u64::MAX), json!(i64::MIN), json!(1e16), json!(-1e300)] {
        assert_eq!(parse(&json!({"n": [other]})), Err(InvalidCustom::Number), "{other}");
    }
}

/// Any JSON value with numbers that are allowed, at most `levels` deep.
fn value(levels: u32) -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(|number| json!(number)),
        // Every double up to the limit that is no whole number, so that JSON writes it in one way.
        any::<f64>().prop_filter_map("a fraction", |n| (n.fract() != 0.0 && n.is_finite()).then(|| json!(n))),
    ];
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, ".{0,12}".prop_map(Value::from)];
    leaf.prop_recursive(levels, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn object_comes_back_equal(members in proptest::collection::btree_map(".{0,6}", value(6), 1..5)) {
        let object = Value::Object(members.into_iter().collect());
        let sent: Value = serde_json::from_str(&object.to_string()).unwrap();
        prop_assert_eq!(&sent, &object, "the parser keeps every number");
        let custom = Custom::parse(&sent, usize::MAX).unwrap().unwrap();
        prop_assert_eq!(&serde_json::to_value(&custom).unwrap(), &object);
        // The text of an answer, and the text that is stored.
        let answered = serde_json::to_string(&custom).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Value>(&answered).unwrap(), &object);
        if custom.as_str().len() <= Custom::MAX_BYTES {
            prop_assert_eq!(Custom::from_json(custom.as_str()).unwrap(), custom);
        }
    }
}
