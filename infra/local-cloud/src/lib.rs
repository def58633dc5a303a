//! Lambda, API Gateway (HTTP and WebSocket) and DynamoDB on loopback, driven by a SAM template.
