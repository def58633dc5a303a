//! End-to-end tests over HTTP and WebSocket, against the real binaries.
