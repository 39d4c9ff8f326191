//! Where a provider is reached and with which credentials, checked once; does no I/O.

use std::net::IpAddr;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::{Key, Secret, Upstream};

/// What the user configures for one provider.
#[derive(Debug, Clone, Default)]
pub struct EndpointOptions {
    /// The provider's name, used in messages.
    pub provider: String,
    /// The address under which the API's paths lie, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key; local servers often need none.
    pub key: Key,
    /// How the key is sent.
    pub auth: Auth,
    /// Permits plain http to a host that is not this computer. Key, prompt and answer are then readable on the way.
    pub allow_http: bool,
    /// The user calls this address local, as that of a server in the same room.
    pub local: bool,
    /// More headers. Their values are taken for secrets.
    pub headers: Vec<(String, Secret)>,
    /// Certificates of authorities to trust beside the system's, as PEM.
    pub certificates: Vec<Vec<u8>>,
}

/// How a key is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY` (RFC 6750).
    #[default]
    Bearer,
    /// As the value of this header, named in lower case.
    Header(&'static str),
}

/// A checked address with its credentials.
#[derive(Debug, Clone)]
pub struct Endpoint {
    provider: String,
    base_url: Url,
    key: Key,
    auth: Auth,
    local: bool,
    headers: HeaderMap,
    secrets: Vec<Secret>,
    certificates: Vec<Vec<u8>>,
}

/// Why an [`Endpoint`] can't be. No message repeats the URL's user part or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("The base_url of provider `{provider}` is not a URL: {reason}. It should look like https://host/v1.")]
    Url {
        /// The provider's name.
        provider: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither http nor https.
    #[error("The base_url of provider `{provider}` starts with `{scheme}:`. Use https, or http for this computer.")]
    Scheme {
        /// The provider's name.
        provider: String,
        /// The scheme that it has.
        scheme: String,
    },
    /// Plain http to another computer.
    #[error(
        "The base_url of provider `{provider}` sends key and code unencrypted to {origin}. Use https, or set \
         allow_http for this provider if you trust the network between."
    )]
    PlainHttp {
        /// The provider's name.
        provider: String,
        /// Where it would go.
        origin: String,
    },
    /// A user name, password, query or fragment in the URL.
    #[error(
        "The base_url of provider `{provider}` contains {part}. Remove it; credentials belong in the API key or in \
         headers."
    )]
    Part {
        /// The provider's name.
        provider: String,
        /// What the URL must not contain.
        part: &'static str,
    },
    /// A key with characters that HTTP can't carry.
    #[error(
        "The API key of provider `{provider}` has characters that can't be sent, such as a line break in its middle. \
         Copy it again."
    )]
    Key {
        /// The provider's name.
        provider: String,
    },
    /// A header that HTTP can't carry.
    #[error("Header {number} of provider `{provider}` has a name or a value that can't be sent. Correct it.")]
    Header {
        /// The provider's name.
        provider: String,
        /// Which one, counted from 1. The name itself may be a misplaced secret.
        number: usize,
    },
}

impl Endpoint {
    /// Checks the options.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub fn new(options: EndpointOptions) -> Result<Self, EndpointError> {
        let EndpointOptions { provider, base_url, key, auth, allow_http, local, headers, certificates } = options;
        let base_url = match Url::parse(base_url.trim()) {
            Ok(url) => url,
            Err(reason) => return Err(EndpointError::Url { provider, reason: reason.to_string() }),
        };
        if !matches!(base_url.scheme(), "http" | "https") {
            return Err(EndpointError::Scheme { provider, scheme: base_url.scheme().to_owned() });
        }
        let parts = [
            (!base_url.username().is_empty() || base_url.password().is_some(), "a user name or password"),
            (base_url.query().is_some(), "a query (`?…`)"),
            (base_url.fragment().is_some(), "a fragment (`#…`)"),
        ];
        if let Some((_, part)) = parts.into_iter().find(|(present, _)| *present) {
            return Err(EndpointError::Part { provider, part });
        }
        if base_url.scheme() == "http" && !is_loopback(&base_url) && !allow_http {
            return Err(EndpointError::PlainHttp { provider, origin: base_url.origin().ascii_serialization() });
        }

        // An empty setting or environment variable means that there is no key.
        let key = match key {
            Key::Given(secret) if secret.expose().is_empty() => Key::None,
            key => key,
        };
        let mut map = HeaderMap::new();
        let mut secrets = Vec::new();
        for (number, (name, secret)) in (1..).zip(headers) {
            let name = name.parse::<HeaderName>().ok();
            let (Some(name), Some(value)) = (name, sensitive(secret.expose())) else {
                return Err(EndpointError::Header { provider, number });
            };
            map.insert(name, value);
            // Masking a short value, such as a version, would only garble messages.
            if secret.expose().len() >= 8 {
                secrets.push(secret);
            }
        }
        let endpoint = Self { provider, base_url, key, auth, local, headers: map, secrets, certificates };
        match &endpoint.key {
            Key::Given(secret) => endpoint.headers_with(Some(secret)).map(|_| ())?,
            Key::None | Key::From(_) => {}
        }
        Ok(endpoint)
    }

    /// The provider's name.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The checked address.
    pub(crate) fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The address of `path` under the base URL. A query may follow the path behind a `?`.
    pub(crate) fn url(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}/{path}", self.base_url.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    /// Where its key comes from.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The further headers and this key, marked sensitive.
    ///
    /// # Errors
    /// [`EndpointError::Key`] where the key has characters that can't be sent.
    pub(crate) fn headers_with(&self, key: Option<&Secret>) -> Result<HeaderMap, EndpointError> {
        let mut headers = self.headers.clone();
        if let Some(key) = key {
            let (name, value) = match self.auth {
                Auth::Bearer => (AUTHORIZATION, sensitive(&format!("Bearer {}", key.expose()))),
                Auth::Header(name) => (HeaderName::from_static(name), sensitive(key.expose())),
            };
            headers.insert(name, value.ok_or_else(|| EndpointError::Key { provider: self.provider.clone() })?);
        }
        Ok(headers)
    }

    /// The values of the further headers, which no message may show.
    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// PEM of authorities to trust beside the system's.
    pub(crate) fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The provider and origin, for messages.
    pub(crate) fn upstream(&self) -> Upstream {
        Upstream::new(&self.provider, &self.base_url.origin().ascii_serialization())
    }

    /// Whether the host is this computer.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base_url)
    }

    /// Whether it is this computer, or a place that the user calls local.
    pub fn is_local(&self) -> bool {
        self.local || self.is_loopback()
    }

    /// Scheme, host and port, such as `https://api.openai.com`.
    pub fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// RFC 6761 reserves `localhost` and the names under it for the loopback addresses.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = host.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn options(base_url: &str) -> EndpointOptions {
        EndpointOptions { provider: "p".into(), base_url: base_url.into(), ..EndpointOptions::default() }
    }

    fn check(options: EndpointOptions, expect: Expect) {
        expect.assert_eq(&match Endpoint::new(options) {
            Ok(endpoint) => format!("{}\n", endpoint.url("chat/completions")),
            Err(error) => format!("{error}\n"),
        });
    }

    #[test]
    fn paths_join_below_the_base() {
        check(
            options("https://host/v1"),
            expect![[r#"
            https://host/v1/chat/completions
        "#]],
        );
        check(
            options(" https://host/openai/v1/ "),
            expect![[r#"
            https://host/openai/v1/chat/completions
        "#]],
        );
        check(
            options("https://host"),
            expect![[r#"
            https://host/chat/completions
        "#]],
        );
    }

    #[test]
    fn plain_http_only_to_this_computer() {
        for base_url in [
            "http://localhost:11434",
            "http://a.localhost",
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://[::1]:8080",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(Endpoint::new(options(base_url)).is_ok(), "{base_url}");
        }
        for base_url in ["http://192.168.0.2", "http://localhost.example", "http://0.0.0.0", "http://[2001:db8::1]"] {
            assert!(matches!(Endpoint::new(options(base_url)), Err(EndpointError::PlainHttp { .. })), "{base_url}");
            assert!(Endpoint::new(EndpointOptions { allow_http: true, ..options(base_url) }).is_ok(), "{base_url}");
        }
        check(
            options("http://example.org:81/v1"),
            expect![[r#"
            The base_url of provider `p` sends key and code unencrypted to http://example.org:81. Use https, or set allow_http for this provider if you trust the network between.
        "#]],
        );
    }

    #[test]
    fn addresses_that_can_not_be() {
        check(
            options("api.example.org/v1"),
            expect![[r#"
            The base_url of provider `p` is not a URL: relative URL without a base. It should look like https://host/v1.
        "#]],
        );
        check(
            options("ftp://host"),
            expect![[r#"
            The base_url of provider `p` starts with `ftp:`. Use https, or http for this computer.
        "#]],
        );
        check(
            options("https://sk-1@host"),
            expect![[r#"
            The base_url of provider `p` contains a user name or password. Remove it; credentials belong in the API key or in headers.
        "#]],
        );
        check(
            options("https://host/v1?key=sk-1"),
            expect![[r#"
            The base_url of provider `p` contains a query (`?…`). Remove it; credentials belong in the API key or in headers.
        "#]],
        );
    }

    #[test]
    fn credentials_are_checked_and_never_shown() {
        let key = Key::Given(Secret::new("sk-plan\nted"));
        check(
            EndpointOptions { key, ..options("https://host") },
            expect![[r#"
            The API key of provider `p` has characters that can't be sent, such as a line break in its middle. Copy it again.
        "#]],
        );
        let headers = vec![("sk planted".to_owned(), Secret::new("v"))];
        check(
            EndpointOptions { headers, ..options("https://host") },
            expect![[r#"
            Header 1 of provider `p` has a name or a value that can't be sent. Correct it.
        "#]],
        );

        let options = EndpointOptions {
            key: Key::Given(Secret::new(" sk-planted\n")),
            headers: vec![("api-key".to_owned(), Secret::new("sk-planted"))],
            ..options("https://host")
        };
        assert!(!format!("{options:?}").contains("planted"));
        let endpoint = Endpoint::new(options).unwrap();
        assert!(!format!("{endpoint:?}").contains("planted"));
        let key = Secret::new("sk-planted");
        let headers = endpoint.headers_with(Some(&key)).unwrap();
        assert_eq!(headers.get(AUTHORIZATION).unwrap().as_bytes(), b"Bearer sk-planted");
        assert!(!format!("{headers:?}").contains("planted"));
    }

    #[test]
    fn paths_lie_under_the_base() {
        let endpoint = Endpoint::new(options("https://host/v1/")).unwrap();
        assert_eq!(endpoint.url("chat/completions").as_str(), "https://host/v1/chat/completions");
        assert_eq!(endpoint.url("models/m:stream?alt=sse").as_str(), "https://host/v1/models/m:stream?alt=sse");
    }
}
