//! The only crate that opens a socket: HTTP, the git program, proxies, mirrors, address policy, retries.
//!
//! [`Net`] implements [`ora_core::Remote`]. It is made from plain data, [`NetConfig`], and prepares nothing before the first
//! request: no certificates, no connection, no thread.
//!
//! What it refuses: addresses that the policy forbids, judged on the address that is connected; redirects from `https` to
//! anything less; credentials to any origin but their own; bodies over their limit, or that drip; certificates that do not
//! fit, with no switch to turn that off; git transports other than the allowed ones, and any prompt, hook or checkout. It
//! reads no environment and knows no offline mode: who may not use the network is not handed a [`Net`].
//!
//! ```
//! use std::io::Read;
//! use ora_core::{Remote, Request, SourceUrl};
//! use ora_net::{Net, NetConfig};
//! # let server = ora_testkit::Server::start();
//! # server.route("/stable.txt", ora_testkit::Route::text("v1.2.3\n"));
//! # let address = server.url("/stable.txt");
//! let net = Net::new(NetConfig { allowed_hosts: vec!["127.0.0.1".to_owned()], ..NetConfig::default() });
//! let url: SourceUrl = address.parse()?;
//! let mut text = String::new();
//! net.get(&Request::new(&url, 1024))?.body.read_to_string(&mut text)?;
//! assert_eq!(text, "v1.2.3\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![expect(clippy::disallowed_types, reason = "this crate owns sockets and addresses")]

mod body;
mod client;
mod config;
mod dial;
mod error;
mod git;
mod headers;
mod mirror;
mod policy;
mod proxy;
mod tls;
mod transport;

use std::{
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};

use ora_core::{
    CommitId, GitEntry, GitRequest, GitTip, PinnedCertificate, Remote, RemoteError, Reporter, Request, Response,
    Silent, SourceUrl, Validators,
};

pub use config::{Credential, GitPolicy, NetConfig, Proxies, Retries, Secret};
pub use error::NetError;
pub use policy::Refusal;

use body::{Beginning, FileBody, NetBody};
use client::{Answer, Ask, Client};
use dial::{Dialer, Target};
use ora_core::mirror::{Place, places};

/// The network, under one configuration, for one run.
#[derive(Debug)]
pub struct Net {
    client: Arc<Client>,
}

impl Net {
    /// A network under this configuration. Nothing is opened or read yet.
    pub fn new(config: NetConfig) -> Self {
        Self::with_reporter(config, Arc::new(Silent))
    }

    /// The same, telling about retries and mirrors that failed.
    pub fn with_reporter(config: NetConfig, reporter: Arc<dyn Reporter + Send + Sync>) -> Self {
        Self { client: Arc::new(Client::new(Arc::new(Dialer::new(config)), reporter)) }
    }

    fn look(&self, place: Place, request: &Request<'_>) -> Result<Response, NetError> {
        let limit = request.limit.min(self.client.dialer.config.max_download_size);
        match place {
            Place::File(path) => from_file(&path, request, limit),
            Place::Server(url) if url.scheme() == "file" => {
                let refused = |source| NetError::Refused { host: url.to_string(), source };
                self.client.dialer.policy.check_url(&url).map_err(refused)?;
                let path = url.to_file_path().ok_or_else(|| NetError::Protocol("it is no path".to_owned()))?;
                from_file(&path, request, limit)
            }
            Place::Server(url) => self.ask_server(url, request, limit),
        }
    }

    fn ask_server(&self, url: SourceUrl, request: &Request<'_>, limit: u64) -> Result<Response, NetError> {
        // A registry's authorities and pins are about its own servers, not about a mirror's.
        let own = url.origin() == request.url.origin();
        let ask = Ask {
            url,
            validators: request.validators.cloned(),
            range: request.resume.as_ref().map(|resume| (resume.offset, resume.validator.to_owned())),
            accept: request.accept.map(str::to_owned),
            tls: request.tls.filter(|_| own).cloned().unwrap_or_default(),
            timeout: request.timeout,
            once: request.once,
        };
        let mut answer = self.client.ask(&ask)?;
        if ask.range.is_some() && !continues(&answer, &ask) {
            // The rest is not to be had; the whole may be.
            answer = self.client.ask(&Ask { range: None, ..ask.clone() })?;
        }
        self.opened(answer, ask, limit)
    }

    fn opened(&self, answer: Answer, ask: Ask, limit: u64) -> Result<Response, NetError> {
        let Answer { url, response } = answer;
        let (parts, body) = response.into_parts();
        let header = |name| headers::text(&parts.headers, name).map(str::to_owned);
        let validators = Validators { etag: header("etag"), last_modified: header("last-modified") };
        let next_page = headers::next_page(&parts.headers, &url);
        let status = parts.status.as_u16();
        if status == 304 {
            if ask.validators.is_none() {
                return Err(NetError::Protocol("nothing was said to be unchanged".to_owned()));
            }
            let body = Box::new(std::io::empty());
            let (not_modified, offset, length, final_url) = (true, 0, None, url);
            return Ok(Response { not_modified, offset, length, validators, final_url, next_page, body });
        }
        let (offset, total) = match (status, headers::content_range(&parts.headers), &ask.range) {
            (200, ..) => (0, body.content_length()),
            (206, Some((start, end, total)), Some((offset, _))) if start == *offset => {
                (start, Some(total.unwrap_or(end + 1)))
            }
            _ => return Err(NetError::Protocol("a part that was not asked for".to_owned())),
        };
        if total.is_some_and(|total| total > limit) {
            return Err(NetError::Limit { limit });
        }
        let validator =
            validators.strong().map(str::to_owned).or_else(|| ask.range.as_ref().map(|(_, text)| text.clone()));
        let beginning = Beginning { position: offset, total, limit, validator };
        let body = Box::new(NetBody::new(Arc::clone(&self.client), ask, body.into_reader(), beginning));
        let length = total.map(|total| total.saturating_sub(offset));
        Ok(Response { not_modified: false, offset, length, validators, final_url: url, next_page, body })
    }

    fn shown_certificate(&self, url: &SourceUrl) -> Result<PinnedCertificate, NetError> {
        let dialer = &self.client.dialer;
        let host = url.host().unwrap_or_default();
        let tls = |source| NetError::Tls { host: host.to_owned(), source };
        if url.scheme() != "https" {
            return Err(NetError::TlsSetup(format!("`{url}` has no certificate, since it is not https")));
        }
        let refused = |source| NetError::Refused { host: host.to_owned(), source };
        dialer.policy.check_url(url).map_err(refused)?;
        let (config, verifier) = tls::looking_config()?;
        let target = Target { scheme: "https", host, port: url.port().unwrap_or(443) };
        dialer.connect(target, Some(&config), dialer.config.connect_timeout)?;
        let certificate = verifier.seen().ok_or_else(|| tls(rustls::Error::NoCertificatesPresented))?;
        tls::pinned(&certificate).map_err(tls)
    }
}

/// Whether an answer is the rest that was asked for, or the whole.
fn continues(answer: &Answer, ask: &Ask) -> bool {
    let headers = answer.response.headers();
    match answer.response.status().as_u16() {
        206 => {
            headers::content_range(headers).map(|(start, ..)| start) == ask.range.as_ref().map(|(offset, _)| *offset)
        }
        status => status != 416,
    }
}

fn from_file(path: &Path, request: &Request<'_>, limit: u64) -> Result<Response, NetError> {
    let (mut file, length) = mirror::open(path)?;
    if length > limit {
        return Err(NetError::Limit { limit });
    }
    // Without a validator of its own a file is always read from its beginning.
    file.seek(SeekFrom::Start(0)).map_err(|source| NetError::File { path: path.to_owned(), source })?;
    let body =
        FileBody { file: file.take(limit.saturating_add(1)), limit, position: 0, name: path.display().to_string() };
    Ok(Response {
        not_modified: false,
        offset: 0,
        length: Some(length),
        validators: Validators::default(),
        final_url: SourceUrl::from_file_path(path).unwrap_or_else(|| request.url.clone()),
        next_page: None,
        body: Box::new(body),
    })
}

impl Remote for Net {
    fn get(&self, request: &Request<'_>) -> Result<Response, RemoteError> {
        let mut places = places(&self.client.dialer.config.mirrors, request.url).into_iter().peekable();
        while let Some(place) = places.next() {
            match self.look(place, request) {
                Ok(response) => return Ok(response),
                Err(error) if places.peek().is_none() => return Err(error.about(request.url)),
                Err(error) => {
                    let text = format!("a mirror does not have {}: {error}", request.url);
                    self.client.reporter.report(ora_core::Event::Detail(text));
                }
            }
        }
        // Only a folder that stands alone leaves no place, when the URL would lead out of it.
        Err(NetError::Status(404).about(request.url))
    }

    fn git_fetch(&self, request: &GitRequest<'_>) -> Result<GitTip, RemoteError> {
        git::fetch(&self.client, request).map_err(|error| error.about(request.url))
    }

    fn git_tree(
        &self,
        mirror: &Path,
        commit: &CommitId,
        directory: &str,
        max_file: u64,
        visit: &mut dyn FnMut(GitEntry) -> Result<(), RemoteError>,
    ) -> Result<(), RemoteError> {
        git::tree(&self.client, mirror, commit, directory, max_file, visit)
    }

    fn certificate(&self, url: &SourceUrl) -> Result<PinnedCertificate, RemoteError> {
        self.shown_certificate(url).map_err(|error| error.about(url))
    }
}
