//! Chat: its types, rules and use cases. No AWS, no HTTP, no clock of its own.
