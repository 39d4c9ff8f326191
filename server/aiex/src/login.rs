//! Signing in to OpenRouter with the browser: its OAuth PKCE flow, after <https://openrouter.ai/docs/use-cases/oauth-pkce>.

use std::{
    net::Ipv4Addr,
    process::{Command, Stdio},
    time::Duration,
};

use aiex_llm::{HttpProvider, Secret};
use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// The one provider that lets programs do this.
pub const OPENROUTER: &str = "openrouter";
/// How long the person may take.
const WAIT: Duration = Duration::from_secs(300);
/// The longest request that the browser may send, in bytes.
const LONGEST: usize = 16 * 1024;

/// Has the person sign in, and returns the key that the provider makes for this program. `open` is given the address
/// for the browser.
pub async fn key(provider: &HttpProvider, origin: &str, open: impl FnOnce(&str)) -> Result<Secret> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free on this computer")?;
    // Nobody else knows either: not the page that calls back (path), nor who sees the code on its way (verifier).
    let (path, verifier) = (format!("/{}", random()?), random()?);
    let callback = format!("http://localhost:{}{path}", listener.local_addr()?.port());
    let mut address = Url::parse(origin)?.join("/auth")?;
    address
        .query_pairs_mut()
        .append_pair("callback_url", &callback)
        .append_pair("code_challenge", &BASE64.encode(Sha256::digest(verifier.as_bytes())))
        .append_pair("code_challenge_method", "S256");
    open(address.as_str());
    let code = tokio::time::timeout(WAIT, code(&listener, &path));
    let code = code.await.context("nobody signed in within 5 minutes; run the command again")??;
    let body = json!({"code": code, "code_verifier": verifier, "code_challenge_method": "S256"});
    let answer = provider.ask("auth/keys", &body).await?;
    let key = answer.get("key").and_then(Value::as_str).context("the provider sent no key; run the command again")?;
    Ok(Secret::new(key))
}

/// Opens the browser where a program for that is known; the address was printed in any case.
pub fn open(address: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet =
        Command::new(program).arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    drop(quiet);
}

/// 256 bits that nobody can guess, as text.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("this computer gives no random numbers")?;
    Ok(BASE64.encode(bytes))
}

/// Waits for the browser to call back, which asks for other things, too, such as an icon.
async fn code(listener: &TcpListener, path: &str) -> Result<String> {
    loop {
        let (mut browser, _) = listener.accept().await?;
        let Some(target) = request_target(&mut browser).await else { continue };
        let Some(target) = Url::parse("http://localhost").and_then(|base| base.join(&target)).ok() else { continue };
        if target.path() != path {
            respond(&mut browser, "404 Not Found", "There is nothing here.").await;
            continue;
        }
        let code = target.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        let Some(code) = code else {
            respond(&mut browser, "200 OK", "No key was granted. You can close this page.").await;
            bail!("the sign-in was refused; run the command again");
        };
        respond(&mut browser, "200 OK", "Aiex has what it needs. You can close this page.").await;
        return Ok(code);
    }
}

/// What the first line of a request asks for.
async fn request_target(browser: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") && bytes.len() < LONGEST {
            if browser.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.strip_prefix("GET ")?.split(' ').next().map(str::to_owned)
    };
    tokio::time::timeout(Duration::from_secs(2), read).await.ok().flatten()
}

async fn respond(browser: &mut TcpStream, status: &str, text: &str) {
    let head = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close";
    let response = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    // A browser that has left misses nothing.
    let _ = browser.write_all(response.as_bytes()).await;
}

#[cfg(test)]
mod tests {
    use aiex_llm::{Dialect, Endpoint, EndpointOptions, Kind};

    use super::*;

    /// Reads one request and answers it with JSON.
    async fn answer(listener: &TcpListener, body: &Value) -> String {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).ends_with('}') {
            client.read_buf(&mut bytes).await.unwrap();
        }
        respond(&mut client, "200 OK", &body.to_string()).await;
        String::from_utf8(bytes).unwrap()
    }

    async fn get(address: &str) -> String {
        let url = Url::parse(address).unwrap();
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, url.port().unwrap())).await.unwrap();
        let target = address.split_once("localhost:").unwrap().1.split_once('/').unwrap().1;
        socket.write_all(format!("GET /{target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn a_person_signs_in_and_the_key_is_exchanged_with_proof() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://{}", server.local_addr().unwrap());
        let options = EndpointOptions { base_url: format!("{origin}/api/v1"), ..EndpointOptions::default() };
        let provider = HttpProvider::new(Endpoint::new(options).unwrap(), Dialect::of(Kind::OpenAiChat));
        let (send, opened) = tokio::sync::oneshot::channel();
        let browser = async {
            let address: String = opened.await.unwrap();
            let page = Url::parse(&address).unwrap();
            assert_eq!(page.path(), "/auth");
            let parameter = |name: &str| page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
            let callback = parameter("callback_url");
            let icon = format!("{}/favicon.ico", callback.rsplit_once('/').unwrap().0);
            assert!(get(&icon).await.contains("404"));
            let (granted, made) = (format!("{callback}?code=c%201"), json!({"key": "sk-or-1"}));
            let (page, request) = tokio::join!(get(&granted), answer(&server, &made));
            assert!(page.contains("You can close this page"));
            assert!(request.starts_with("POST /api/v1/auth/keys "), "{request}");
            let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
            assert_eq!(body["code"], "c 1");
            let proof = BASE64.encode(Sha256::digest(body["code_verifier"].as_str().unwrap().as_bytes()));
            assert_eq!(proof, parameter("code_challenge"));
        };
        let signed_in = key(&provider, &origin, |address| send.send(address.to_owned()).unwrap());
        let (key, ()) = tokio::join!(signed_in, browser);
        assert_eq!(key.unwrap().expose(), "sk-or-1");
    }
}
