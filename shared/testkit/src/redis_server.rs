//! A real redis-server for a test, on a free port of 127.0.0.1. It stores nothing on disk.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The maximum time to start or to stop.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// A running redis-server. It stops when this value is dropped or when the test process ends.
#[derive(Debug)]
pub struct RedisServer {
    shell: Child,
    port: u16,
    arguments: Vec<String>,
}

impl RedisServer {
    /// Starts a server on a free port.
    ///
    /// # Panics
    /// If redis-server is not installed or does not start.
    pub fn start() -> Self {
        Self::with_arguments(|port| vec!["--port".to_owned(), port.to_string()])
    }

    /// Starts a server with the arguments that the function returns for its port.
    ///
    /// # Panics
    /// If redis-server is not installed or does not start.
    pub fn with_arguments(arguments: impl Fn(u16) -> Vec<String>) -> Self {
        // Another process may take the port before the server uses it.
        for _ in 0..5 {
            let port = free_port();
            let arguments = arguments(port);
            let mut server = Self { shell: spawn(&arguments), port, arguments };
            if server.is_up() {
                return server;
            }
        }
        panic!("redis-server does not start: is it installed (Debian package redis-server)?");
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends an inline command. Returns what arrives within 200 ms after the last bytes.
    ///
    /// # Panics
    /// If the server does not run.
    pub fn command(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("redis-server is running");
        stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a read time-out");
        stream.write_all(format!("{text}\r\n").as_bytes()).expect("it takes a command");
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            answer.extend_from_slice(buffer.get(..length).unwrap_or_default());
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Stops the server. Its data is lost.
    ///
    /// # Panics
    /// If the server does not stop within 20 s.
    pub fn kill(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().expect("the shell ends");
        let until = Instant::now() + MAX_WAIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(Instant::now() < until, "redis-server does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts the server again on the same port, without data.
    ///
    /// # Panics
    /// If the server does not start within 20 s.
    pub fn restart(&mut self) {
        self.shell = spawn(&self.arguments);
        assert!(self.is_up(), "redis-server does not start again");
    }

    fn is_up(&mut self) -> bool {
        let until = Instant::now() + MAX_WAIT;
        while Instant::now() < until {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            if self.shell.try_wait().is_ok_and(|status| status.is_some()) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Starts a shell that runs the server. It kills the server when its standard input closes: when we close it, or when
/// our process ends.
fn spawn(arguments: &[String]) -> Child {
    let script = r#"redis-server "$@" & server=$!; (while kill -0 $server 2>/dev/null; do sleep 1; done; kill $$) 2>/dev/null &
        cat >/dev/null; kill -9 $server; wait $server"#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a shell")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
