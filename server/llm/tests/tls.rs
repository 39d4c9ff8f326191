//! Certificates over a real TLS connection: verified, with those that the user adds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::Arc;

use aiex_llm::{
    Dialect, Endpoint, EndpointOptions, Error, Event, HttpProvider, Key, Kind, Message, Provider, Request, Secret,
    StopReason,
};
use futures::StreamExt;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// A server with a certificate of its own making for `localhost`, as PEM, and whether it was sent a request.
async fn serve() -> (String, String, tokio::task::JoinHandle<bool>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://localhost:{}/v1", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let Ok(mut socket) = TlsAcceptor::from(Arc::new(config)).accept(socket).await else { return false };
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return false;
            }
        }
        socket.write_all(ANSWER.as_bytes()).await.unwrap();
        let _ = socket.shutdown().await;
        true
    });
    (base_url, cert.pem(), server)
}

async fn ask(base_url: String, certificates: Vec<Vec<u8>>) -> Vec<Result<Event, Error>> {
    let key = Key::Given(Secret::new("sk-planted-0123456789"));
    let options =
        EndpointOptions { provider: "acme".into(), base_url, key, certificates, ..EndpointOptions::default() };
    let provider = HttpProvider::new(Endpoint::new(options).unwrap(), Dialect::of(Kind::OpenAiChat));
    let request = Request { model: "m".into(), messages: vec![Message::user("Hi.")], ..Request::default() };
    provider.stream(request).collect().await
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (base_url, _, server) = serve().await;
    let items = ask(base_url, Vec::new()).await;
    let [Err(error @ Error::Tls { .. })] = &items[..] else { panic!("{items:?}") };
    for part in ["acme", "certificate", "ca_file"] {
        assert!(error.to_string().contains(part), "{part} in {error}");
    }
    assert!(!server.await.unwrap(), "no request was sent");
}

#[tokio::test]
async fn a_certificate_that_the_user_trusts_is_accepted() {
    let (base_url, pem, server) = serve().await;
    let items = ask(base_url, vec![pem.into_bytes()]).await;
    assert_eq!(items, [Ok(Event::Text("Hello".into())), Ok(Event::Stop(StopReason::End))]);
    assert!(server.await.unwrap());
}

#[tokio::test]
async fn what_is_no_certificate_is_said() {
    let items = ask("https://localhost:1/v1".into(), vec![b"-----BEGIN CERTIFICATE-----\nno\n".to_vec()]).await;
    assert!(matches!(&items[..], [Err(Error::Setup { .. })]), "{items:?}");
}
