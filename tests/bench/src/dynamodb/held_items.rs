//! Which items transactions in flight hold, and who is refused because of that.
//!
//! Source: Amazon DynamoDB Developer Guide, "Amazon DynamoDB Transactions: How it works", "Transaction conflict
//! handling": an item of a TransactWriteItems that is part of another one in flight cancels the later one; a PutItem,
//! UpdateItem or DeleteItem of such an item is rejected.

use std::collections::{HashMap, HashSet};

use local_cloud::template::{Key, Table};
use serde_json::{Value, json};

const TRANSACTION: &str = "TransactWriteItems";
/// The exceptions' names are in this namespace.
const NAMESPACE: &str = "com.amazonaws.dynamodb.v20120810#";

/// A table and a primary key, as text.
pub(super) type ItemKey = String;

/// The body of an answer that refuses a write because of a transaction in flight.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

/// The primary keys of the tables, by table name.
#[derive(Debug)]
pub(super) struct Keys(HashMap<String, Key>);

impl Keys {
    pub(super) fn of(tables: &[Table]) -> Self {
        Self(tables.iter().map(|table| (table.name.clone(), table.key.clone())).collect())
    }

    /// The items that a call writes, in the order of the call. Empty for a read. A BatchWriteItem holds none.
    pub(super) fn written(&self, operation: &str, body: &[u8]) -> Vec<ItemKey> {
        if !matches!(operation, TRANSACTION | "PutItem" | "UpdateItem" | "DeleteItem") {
            return Vec::new();
        }
        let Ok(request) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
        if operation != TRANSACTION {
            return vec![self.item_key(&request)];
        }
        let items = request.get("TransactItems").and_then(Value::as_array);
        let actions = items.into_iter().flatten().filter_map(|item| item.as_object()?.values().next());
        actions.map(|action| self.item_key(action)).collect()
    }

    /// The key of a Put, which has an `Item`, or of another action, which has a `Key`.
    fn item_key(&self, action: &Value) -> ItemKey {
        let table = action.get("TableName").and_then(Value::as_str).unwrap_or_default();
        let attributes = action.get("Key").or_else(|| action.get("Item")).unwrap_or(&Value::Null);
        let key = self.0.get(table);
        let names = key.into_iter().flat_map(|key| std::iter::once(&key.partition).chain(&key.sort));
        let values: Vec<String> = names.map(|name| attributes[name].to_string()).collect();
        format!("{table} {}", values.join(" "))
    }
}

/// The items that transactions in flight hold.
#[derive(Debug, Default)]
pub(super) struct HeldItems(HashSet<ItemKey>);

impl HeldItems {
    /// Holds the items of a transaction until [`Self::release`].
    ///
    /// # Errors
    ///
    /// Another transaction holds one of the items. For any write.
    pub(super) fn hold(&mut self, operation: &str, keys: &[ItemKey]) -> Result<(), Refusal> {
        if keys.iter().any(|key| self.0.contains(key)) {
            return Err(self.refusal(operation, keys));
        }
        if operation == TRANSACTION {
            self.0.extend(keys.iter().cloned());
        }
        Ok(())
    }

    pub(super) fn release(&mut self, operation: &str, keys: &[ItemKey]) {
        if operation == TRANSACTION {
            for key in keys {
                self.0.remove(key);
            }
        }
    }

    fn refusal(&self, operation: &str, keys: &[ItemKey]) -> Refusal {
        const ONGOING: &str = "Transaction is ongoing for the item";
        if operation != TRANSACTION {
            let kind = format!("{NAMESPACE}TransactionConflictException");
            return Refusal(json!({ "__type": kind, "message": ONGOING }).to_string());
        }
        let codes: Vec<&str> =
            keys.iter().map(|key| if self.0.contains(key) { "TransactionConflict" } else { "None" }).collect();
        let reason = |code: &&str| match *code {
            "None" => json!({ "Code": code }),
            _ => json!({ "Code": code, "Message": ONGOING }),
        };
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        );
        let reasons: Vec<Value> = codes.iter().map(reason).collect();
        let kind = format!("{NAMESPACE}TransactionCanceledException");
        Refusal(json!({ "__type": kind, "Message": message, "CancellationReasons": reasons }).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let key = |partition: &str, sort: Option<&str>| Key {
            partition: partition.to_owned(),
            sort: sort.map(str::to_owned),
        };
        Keys(HashMap::from([
            ("Messages".to_owned(), key("chatId", Some("seq"))),
            ("Sends".to_owned(), key("sendId", None)),
        ]))
    }

    /// A transaction that updates a head and puts a send.
    fn send(chat: &str, send: &str) -> Vec<ItemKey> {
        let body = json!({ "TransactItems": [
            { "Update": { "TableName": "Messages", "Key": { "chatId": { "S": chat }, "seq": { "N": "0" } } } },
            { "Put": { "TableName": "Sends", "Item": { "sendId": { "S": send }, "seq": { "N": "7" } } } },
        ] });
        keys().written(TRANSACTION, body.to_string().as_bytes())
    }

    #[test]
    fn later_transaction_is_cancelled_with_a_reason_for_each_item() {
        let mut held = HeldItems::default();
        assert_eq!(held.hold(TRANSACTION, &send("c1", "a")), Ok(()));
        assert_eq!(held.hold(TRANSACTION, &send("c2", "b")), Ok(()));
        let Refusal(text) = held.hold(TRANSACTION, &send("c1", "c")).unwrap_err();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["__type"], "com.amazonaws.dynamodb.v20120810#TransactionCanceledException");
        assert_eq!(answer["CancellationReasons"][0]["Code"], "TransactionConflict");
        assert_eq!(answer["CancellationReasons"][1], json!({ "Code": "None" }));
        // The cancelled transaction holds nothing, and the first one only until its end.
        assert_eq!(held.hold(TRANSACTION, &send("c3", "c")), Ok(()));
        held.release(TRANSACTION, &send("c1", "a"));
        assert_eq!(held.hold(TRANSACTION, &send("c1", "d")), Ok(()));
    }

    #[test]
    fn write_of_a_held_item_is_rejected_and_holds_nothing_itself() {
        let mut held = HeldItems::default();
        let body = json!({ "TableName": "Sends", "Key": { "sendId": { "S": "a" } }, "UpdateExpression": "SET x = :x" });
        let update = keys().written("UpdateItem", body.to_string().as_bytes());
        assert_eq!(held.hold("UpdateItem", &update), Ok(()));
        assert_eq!(held.hold(TRANSACTION, &send("c1", "a")), Ok(()));
        let Refusal(text) = held.hold("UpdateItem", &update).unwrap_err();
        assert!(text.contains("TransactionConflictException"), "{text}");
        held.release("UpdateItem", &update);
        assert!(held.hold("UpdateItem", &update).is_err());
    }

    #[test]
    fn read_writes_no_item() {
        let body = json!({ "TableName": "Sends", "Key": { "sendId": { "S": "a" } } });
        assert_eq!(keys().written("GetItem", body.to_string().as_bytes()), Vec::<ItemKey>::new());
    }
}
