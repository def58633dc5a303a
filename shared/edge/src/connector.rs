//! The HTTP connector of all AWS clients: HTTP/1.1, one pool of connections, and the root certificates that it trusts.
//!
//! The SDK's own connector also brings HTTP/2, which this project does without, and proxies, which it does not configure.
//! And it reads the machine's root certificates whenever it is built. docs/adr/0002 has the figures.

use crate::config::has_certificate_variable;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, HttpInfo, capture_connection,
};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream as TokioStream;
use tokio::time::error::Elapsed;
use tower_service::Service;

/// The five roots that Amazon Trust Services recommends for a trust store of one's own, as DER. They are in Mozilla's
/// set too; the first of them expires at the end of 2037.
/// <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("roots/amazon-root-ca-1.cer"),
    include_bytes!("roots/amazon-root-ca-2.cer"),
    include_bytes!("roots/amazon-root-ca-3.cer"),
    include_bytes!("roots/amazon-root-ca-4.cer"),
    include_bytes!("roots/starfield-services-root-ca-g2.cer"),
];
/// The domain of the endpoints whose certificates Amazon Trust Services issues: those of the public partition and of
/// GovCloud. China and the European Sovereign Cloud have other domains, and also other certificate authorities.
const AMAZON_DOMAIN: &str = "amazonaws.com";
/// The maximum duration of name resolution, connecting and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How many idle connections to one host a pool keeps. An event has up to 64 posts at the same time, all to one host.
const MAX_IDLE_CONNECTIONS_PER_HOST: usize = 64;

type BoxError = Box<dyn StdError + Send + Sync>;
type HttpClient = Client<ConnectWithTimeout, SdkBody>;

/// A connector with one pool of connections per set of roots.
#[derive(Debug)]
pub(crate) struct AwsConnector {
    /// Trusts [`AMAZON_ROOTS`].
    amazon: HttpClient,
    /// Trusts the machine's roots. It is made when it is first needed, because it reads them from files.
    machine: OnceLock<HttpClient>,
    trusts_machine_only: bool,
}

impl AwsConnector {
    /// A connector that trusts Amazon's roots for HTTPS to `amazonaws.com`, and the machine's roots for HTTPS to other
    /// hosts. If SSL_CERT_FILE or SSL_CERT_DIR is set, it trusts the roots there, for every host. TLS uses ring.
    pub(crate) fn new() -> Self {
        Self {
            amazon: http_client(amazon_roots()),
            machine: OnceLock::new(),
            trusts_machine_only: has_certificate_variable(),
        }
    }

    /// The client for a URL.
    fn client_for(&self, url: &Uri) -> &HttpClient {
        let is_amazon = url.host().is_some_and(is_amazon) && !self.trusts_machine_only;
        // Without TLS, no roots are needed.
        if is_amazon || url.scheme() == Some(&http::uri::Scheme::HTTP) {
            return &self.amazon;
        }
        self.machine.get_or_init(|| http_client(machine_roots()))
    }
}

impl HttpConnector for AwsConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || describe_connection(&connection));
        }
        let response = self.client_for(request.uri()).request(request);
        HttpConnectorFuture::new(async move {
            let response = response.await.map_err(connector_error)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Whether the host is in [`AMAZON_DOMAIN`].
fn is_amazon(host: &str) -> bool {
    host.strip_suffix(AMAZON_DOMAIN).is_some_and(|rest| rest.ends_with('.'))
}

fn amazon_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(AMAZON_ROOTS.map(CertificateDer::from_slice));
    roots
}

/// The roots in SSL_CERT_FILE and SSL_CERT_DIR, or else those of the operating system.
fn machine_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        tracing::error!(errors = ?found.errors, "the machine has no root certificates");
    } else if !found.errors.is_empty() {
        tracing::warn!(errors = ?found.errors, "some of the machine's root certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn http_client(roots: RootCertStore) -> HttpClient {
    // Installs the TLS provider that the rest of the program uses. An error means that one is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let mut tcp = TcpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS_PER_HOST)
        .build(ConnectWithTimeout(https))
}

/// Opens a connection within [`CONNECT_TIMEOUT`].
#[derive(Debug, Clone)]
struct ConnectWithTimeout(HttpsConnector<TcpConnector>);

impl Service<Uri> for ConnectWithTimeout {
    type Response = MaybeHttpsStream<TokioIo<TokioStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let connection = self.0.call(url);
        Box::pin(async move { tokio::time::timeout(CONNECT_TIMEOUT, connection).await? })
    }
}

/// What the SDK knows of a connection. With it, the SDK closes a connection after a transient error.
fn describe_connection(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let captured = connection.clone();
    let metadata = connection.connection_metadata();
    let mut extensions = http::Extensions::new();
    metadata.as_ref()?.get_extras(&mut extensions);
    let addresses = extensions.get::<HttpInfo>();
    let mut description = ConnectionMetadata::builder().proxied(false).poison_fn(move || {
        if let Some(connection) = captured.connection_metadata().as_ref() {
            connection.poison();
        }
    });
    description.set_local_addr(addresses.map(HttpInfo::local_addr));
    description.set_remote_addr(addresses.map(HttpInfo::remote_addr));
    Some(description.build())
}

/// Classifies an error for the SDK, which tries again after a time-out and after an error of input and output.
fn connector_error(error: ClientError) -> ConnectorError {
    if find_source::<Elapsed>(&error).is_some() {
        return ConnectorError::timeout(error.into());
    }
    if error.is_connect() {
        return ConnectorError::io(error.into());
    }
    let Some(http_error) = find_source::<hyper::Error>(&error) else {
        return ConnectorError::other(error.into(), None);
    };
    let has_io_error = find_source::<std::io::Error>(http_error).is_some();
    if http_error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if http_error.is_user() {
        ConnectorError::user(error.into())
    } else if http_error.is_closed() || http_error.is_canceled() || has_io_error {
        ConnectorError::io(error.into())
    } else if http_error.is_incomplete_message() {
        // The server closed the connection before it answered.
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else {
        ConnectorError::other(error.into(), None)
    }
}

/// The first error of a type among an error and its sources.
fn find_source<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, Stream};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Barrier};

    /// The five roots as another source has them: Mozilla's set.
    #[test]
    fn compiled_in_roots_are_those_of_amazon_in_mozillas_set() {
        let ours = amazon_roots();
        let is_amazons = |subject: &[u8]| {
            let subject = String::from_utf8_lossy(subject);
            subject.contains("Amazon Root CA ")
                || subject.contains("Starfield Services Root Certificate Authority - G2")
        };
        let mozilla: Vec<_> =
            webpki_roots::TLS_SERVER_ROOTS.iter().filter(|root| is_amazons(&root.subject)).cloned().collect();
        assert_eq!(mozilla.len(), 5);
        assert_eq!(ours.len(), 5);
        for root in mozilla {
            assert!(ours.roots.contains(&root), "{}", String::from_utf8_lossy(&root.subject));
        }
    }

    #[test]
    fn only_https_to_amazonaws_com_uses_compiled_in_roots() {
        let connector = |trusts_machine_only| AwsConnector { trusts_machine_only, ..AwsConnector::new() };
        let trusts_amazon = |connector: &AwsConnector, url: &str| {
            std::ptr::eq(connector.client_for(&url.parse().unwrap()), &connector.amazon)
        };
        let aws = connector(false);
        for url in [
            "https://dynamodb.eu-central-1.amazonaws.com/",
            "https://bucket.s3.us-gov-west-1.amazonaws.com/key?tagging",
            "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live/@connections/x",
            "http://127.0.0.1:8000/",
        ] {
            assert!(trusts_amazon(&aws, url), "{url}");
        }
        assert!(aws.machine.get().is_none(), "no file was read");
        for url in [
            "https://dynamodb.cn-north-1.amazonaws.com.cn/",
            "https://sns.eusc-de-east-1.amazonaws.eu/",
            "https://myamazonaws.com/",
            "https://dynamodb.amazonaws.com.example.com/",
            "https://chat.example.com/live",
        ] {
            assert!(!trusts_amazon(&aws, url), "{url}");
        }
        assert!(!trusts_amazon(&connector(true), "https://dynamodb.eu-central-1.amazonaws.com/"));
    }

    /// A TLS server on loopback that answers one request with 204. Its certificate names `host`. Returns its URL and the
    /// root that issued the certificate.
    fn tls_server(host: &str) -> (String, RootCertStore) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut session = ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = Stream::new(&mut session, &mut socket);
            if stream.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) {
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        (url, roots)
    }

    /// A connector that trusts `roots` everywhere.
    async fn get(roots: RootCertStore, url: &str) -> Result<HttpResponse, ConnectorError> {
        let client = http_client(roots);
        let connector = AwsConnector { machine: client.into(), trusts_machine_only: true, ..AwsConnector::new() };
        connector.call(HttpRequest::get(url).unwrap()).await
    }

    #[tokio::test]
    async fn server_with_another_root_is_refused() {
        let (url, root) = tls_server("localhost");
        let response = get(root, &url).await.unwrap();
        assert_eq!(response.status().as_u16(), 204);

        let (url, _) = tls_server("localhost");
        let error = get(amazon_roots(), &url).await.unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains("UnknownIssuer"), "{error}");
    }

    #[tokio::test]
    async fn server_with_a_certificate_of_another_host_is_refused() {
        let (url, root) = tls_server("other.example");
        let error = get(root, &url).await.unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains("NotValidForName"), "{error}");
    }

    /// A server on loopback whose connections each get one of `behaviors`, in order. Returns its URL.
    fn tcp_server(behaviors: Vec<fn(TcpStream)>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for behavior in behaviors {
                behavior(listener.accept().unwrap().0);
            }
        });
        url
    }

    /// Answers requests until the client closes the connection.
    fn answer(mut connection: TcpStream) {
        while connection.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) {
            connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        }
    }

    fn wait_for_close(mut connection: TcpStream) {
        while connection.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) {}
    }

    #[tokio::test]
    async fn connection_is_reused_until_the_sdk_closes_it() {
        let url = tcp_server(vec![answer, answer]);
        let connector = AwsConnector::new();
        let mut ports = Vec::new();
        for is_poisoned in [false, true, false] {
            let capture = CaptureSmithyConnection::new();
            let mut request = HttpRequest::get(&url).unwrap();
            request.add_extension(capture.clone());
            assert_eq!(connector.call(request).await.unwrap().status().as_u16(), 204);
            let connection = capture.get().unwrap();
            ports.push(connection.local_addr().unwrap().port());
            if is_poisoned {
                connection.poison();
            }
            // Lets the client put the connection back into its pool.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(ports[0], ports[1]);
        assert_ne!(ports[1], ports[2]);
    }

    /// A server that answers requests only when so many have come. Returns its URL, and what tells of each connection
    /// that is opened (true) or closed (false).
    fn server_of_many(requests: usize) -> (String, Receiver<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (changes, receiver) = channel();
        let all_have_come = Arc::new(Barrier::new(requests));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (mut connection, changes, all_have_come) =
                    (connection.unwrap(), changes.clone(), all_have_come.clone());
                std::thread::spawn(move || {
                    let _ = changes.send(true);
                    while connection.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) {
                        all_have_come.wait();
                        connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
                    }
                    let _ = changes.send(false);
                });
            }
        });
        (url, receiver)
    }

    #[tokio::test]
    async fn pool_keeps_as_many_connections_as_an_event_needs() {
        const MORE: usize = 6;
        let count = MAX_IDLE_CONNECTIONS_PER_HOST + MORE;
        let (url, changes) = server_of_many(count);
        let connector = AwsConnector::new();
        let (mut opened, mut closed) = (0, 0);
        for expected in [(count, MORE), (count + MORE, 2 * MORE)] {
            let calls = (0..count).map(|_| connector.call(HttpRequest::get(&url).unwrap()));
            let calls: Vec<_> = calls.map(tokio::spawn).collect();
            for call in calls {
                assert_eq!(call.await.unwrap().unwrap().status().as_u16(), 204);
            }
            // The last ones are closed when the pool is full.
            let count_changes = async {
                while closed < expected.1 {
                    match changes.try_recv() {
                        Ok(true) => opened += 1,
                        Ok(false) => closed += 1,
                        Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                    }
                }
            };
            let is_in_time = tokio::time::timeout(Duration::from_secs(20), count_changes).await.is_ok();
            assert!(is_in_time, "{closed} of {opened} connections were closed");
            assert_eq!((opened, closed), expected);
        }
    }

    #[tokio::test]
    async fn errors_are_classified_as_the_sdk_needs_them() {
        let connector = AwsConnector { trusts_machine_only: true, ..AwsConnector::new() };
        let call = async |url: &str| connector.call(HttpRequest::get(url).unwrap()).await.unwrap_err();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(call(&format!("http://{closed}/")).await.is_io(), "nobody listens");
        let dropping = tcp_server(vec![|mut connection| {
            let _ = connection.read(&mut [0; 1024]);
        }]);
        assert_eq!(call(&dropping).await.as_other(), Some(ErrorKind::TransientError), "closed before an answer");
        let silent = tcp_server(vec![wait_for_close]).replace("http://", "https://");
        assert!(call(&silent).await.is_timeout(), "no TLS handshake");
    }
}
