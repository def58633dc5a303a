//! The domain's storage ports on DynamoDB.
