//! Requests: redirects, credentials, retries.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use ora_core::{Event, Reporter, SourceUrl, TlsOptions, Validators};
use ureq::{
    Agent, Body,
    config::Config,
    http::{HeaderMap, Request, Response, Uri},
};

use crate::{
    NetError,
    dial::Dialer,
    headers,
    transport::{Gate, NoResolver},
};

/// The longest wait for the head of an answer, whatever the settings allow for the whole.
const HEAD: Duration = Duration::from_mins(1);

/// What is asked of a server; kept by a body that may have to ask again.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) url: SourceUrl,
    pub(crate) validators: Option<Validators>,
    /// The rest from this byte on, if this validator still holds.
    pub(crate) range: Option<(u64, String)>,
    pub(crate) accept: Option<String>,
    pub(crate) tls: TlsOptions,
    /// A limit of its own for every wait.
    pub(crate) timeout: Option<Duration>,
    pub(crate) once: bool,
}

/// What came back, with the URL that gave it.
pub(crate) struct Answer {
    pub(crate) url: SourceUrl,
    pub(crate) response: Response<Body>,
}

/// Why one try failed.
pub(crate) struct Failure {
    pub(crate) error: NetError,
    /// The pause that the server asked for, short enough to be kept.
    pub(crate) wait: Option<Duration>,
    /// Whose fault it was.
    origin: String,
}

/// Sends requests over connections that are kept between them.
pub(crate) struct Client {
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) reporter: Arc<dyn Reporter + Send + Sync>,
    agents: Mutex<Vec<(TlsOptions, Agent)>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("dialer", &self.dialer).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(dialer: Arc<Dialer>, reporter: Arc<dyn Reporter + Send + Sync>) -> Self {
        Self { dialer, reporter, agents: Mutex::default() }
    }

    /// Asks, and asks again where that may help.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Answer, NetError> {
        let config = &self.dialer.config;
        let started = Instant::now();
        let mut connecting: Option<Instant> = None;
        let mut tries = 0;
        loop {
            let began = Instant::now();
            let spent = connecting.map_or(Duration::ZERO, |since| since.elapsed());
            let failure = match self.exchange(ask, config.connect_timeout.saturating_sub(spent)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = failure.wait.unwrap_or_else(|| self.back_off(tries));
            let absent = failure.error.is_dead_end();
            let mut again = !ask.once && tries < config.retries.count && may_help(&failure, tries);
            if absent {
                let since = *connecting.get_or_insert(began);
                again &= since.elapsed() + pause < config.connect_timeout;
            }
            again &= ask.timeout.is_none_or(|timeout| started.elapsed() + pause < timeout);
            if !again {
                // Silence counts as absence, unless the caller was in more of a hurry than usual.
                let silent = ask.timeout.is_none() && matches!(failure.error, NetError::Timeout { .. });
                if absent || silent {
                    self.dialer.bury(&failure.origin);
                }
                return Err(failure.error);
            }
            self.pause(&ask.url, pause, &failure.error);
            tries += 1;
        }
    }

    /// One try: a request and the redirects it meets.
    pub(crate) fn exchange(&self, ask: &Ask, connect: Duration) -> Result<Answer, Box<Failure>> {
        let config = &self.dialer.config;
        let mut url = ask.url.clone();
        let mut seen = vec![url.clone()];
        loop {
            let response = self.hop(ask, &url, connect).map_err(|error| {
                let error = if seen.len() > 1 { as_redirect(error, &seen[seen.len() - 2], &url) } else { error };
                Box::new(Failure { error, wait: None, origin: url.origin() })
            })?;
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return self.judge(url, response, ask);
            }
            let location = headers::text(response.headers(), "location").unwrap_or_default().to_owned();
            let refuse = |reason: String| {
                let to = location.chars().take(200).collect();
                let error = NetError::Redirect { from: url.to_string(), to, reason };
                Box::new(Failure { error, wait: None, origin: url.origin() })
            };
            if location.is_empty() {
                return Err(refuse("it says nowhere".to_owned()));
            }
            // Two readers of such a URL see two hosts in it.
            if location.contains('\\') {
                return Err(refuse("it has a backslash".to_owned()));
            }
            if !config.allow_redirects {
                return Err(refuse("redirects are switched off".to_owned()));
            }
            let next = url.join(&location).map_err(|error| refuse(error.to_string()))?;
            if next.scheme() == "file" || (url.scheme() == "https" && next.scheme() != "https") {
                return Err(refuse(format!("it leads from {} to {}", url.scheme(), next.scheme())));
            }
            if seen.contains(&next) {
                return Err(refuse("it leads in a circle".to_owned()));
            }
            if seen.len() > config.max_redirects as usize {
                return Err(refuse(format!("it is one more than {}", config.max_redirects)));
            }
            seen.push(next.clone());
            url = next;
        }
    }

    /// One request to one server, with what belongs to its origin and nothing else.
    fn hop(&self, ask: &Ask, url: &SourceUrl, connect: Duration) -> Result<Response<Body>, NetError> {
        let dialer = &self.dialer;
        let refused = |source| NetError::Refused { host: url.host().unwrap_or(url.as_str()).to_owned(), source };
        dialer.policy.check_url(url).map_err(refused)?;
        dialer.check_alive(&url.origin())?;
        let uri: Uri = url.as_str().parse().map_err(|error| NetError::Protocol(format!("no URL for HTTP: {error}")))?;
        let mut builder = Request::get(uri).header("Accept-Encoding", "identity");
        builder = builder.header("Accept", ask.accept.as_deref().unwrap_or("*/*"));
        if let Some(validators) = &ask.validators {
            for (name, value) in [("If-None-Match", &validators.etag), ("If-Modified-Since", &validators.last_modified)]
            {
                if let Some(value) = value {
                    builder = builder.header(name, value);
                }
            }
        }
        if let Some((offset, validator)) = &ask.range {
            builder = builder.header("Range", format!("bytes={offset}-")).header("If-Range", validator);
        }
        for credential in dialer.config.credentials.iter().filter(|known| known.origin.origin() == url.origin()) {
            builder = builder.header(&credential.header, credential.value.reveal());
        }
        let request = builder.body(()).map_err(|_| NetError::Setting("a header cannot be sent".to_owned()))?;
        let agent = self.agent(&ask.tls);
        let wait =
            |longest: Duration| Some(longest.min(dialer.config.timeout).min(ask.timeout.unwrap_or(Duration::MAX)));
        let head = wait(HEAD);
        let request = agent
            .configure_request(request)
            .timeout_connect(wait(connect))
            .timeout_send_request(head)
            .timeout_recv_response(head)
            .timeout_per_read(wait(dialer.config.idle_timeout))
            .build();
        agent.run(request).map_err(|error| from_library(error, head.unwrap_or_default()))
    }

    /// Tells answers from failures.
    fn judge(&self, url: SourceUrl, response: Response<Body>, ask: &Ask) -> Result<Answer, Box<Failure>> {
        let status = response.status().as_u16();
        // 416 is the answer to a range that is no longer there; the caller asks for the whole.
        if matches!(status, 200 | 206 | 304) || (status == 416 && ask.range.is_some()) {
            return Ok(Answer { url, response });
        }
        let (error, wait) = self.refusal(status, response.headers());
        Err(Box::new(Failure { error, wait, origin: url.origin() }))
    }

    fn refusal(&self, status: u16, headers: &HeaderMap) -> (NetError, Option<Duration>) {
        let asked = headers::retry_after(headers);
        let wait = asked.filter(|wait| *wait <= self.dialer.config.retries.longest_pause);
        match status {
            403 | 429 if headers::is_used_up(headers) => {
                (NetError::RateLimited(headers::allowance_begins(headers)), wait)
            }
            429 => (NetError::RateLimited(asked.and_then(|asked| headers::moment_after(headers, asked))), wait),
            // A forge's second kind of limit.
            403 if asked.is_some() => {
                (NetError::RateLimited(asked.and_then(|asked| headers::moment_after(headers, asked))), wait)
            }
            503 => (NetError::Status(503), wait),
            _ => (NetError::Status(status), None),
        }
    }

    fn agent(&self, options: &TlsOptions) -> Agent {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, agent)) = agents.iter().find(|(known, _)| known == options) {
            return agent.clone();
        }
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(&self.dialer.config.user_agent)
            .proxy(None)
            .build();
        let gate = Gate { dialer: Arc::clone(&self.dialer), options: options.clone() };
        let agent = Agent::with_parts(config, gate, NoResolver);
        agents.push((options.clone(), agent.clone()));
        agent
    }

    /// The pause before a try: doubled each time, and stretched at random so that many do not come back together.
    pub(crate) fn back_off(&self, tries: u32) -> Duration {
        let base = self.dialer.config.retries.pause * 2_u32.saturating_pow(tries.min(8));
        let random = RandomState::new().hash_one(tries) % 1000;
        base + base.mul_f64(f64::from(u32::try_from(random).unwrap_or(0)) / 2000.0)
    }

    /// Says that something is tried again, and waits until then.
    pub(crate) fn pause(&self, url: &SourceUrl, pause: Duration, error: &NetError) {
        let (subject, reason) = (url.to_string(), error.to_string());
        self.reporter.report(Event::Retry { subject, after_seconds: pause.as_secs(), reason });
        thread::sleep(pause);
    }
}

/// Whether another try makes sense: failures that pass, pauses that the server asked for; silence only once more.
fn may_help(failure: &Failure, tries: u32) -> bool {
    match failure.error {
        NetError::Timeout { .. } => tries == 0,
        NetError::RateLimited(moment) => failure.wait.is_some() || moment.is_none(),
        _ => failure.error.is_passing(),
    }
}

/// A refusal behind a redirect is the redirect's.
fn as_redirect(error: NetError, from: &SourceUrl, to: &SourceUrl) -> NetError {
    match error {
        NetError::Refused { source, .. } => {
            NetError::Redirect { from: from.to_string(), to: to.to_string(), reason: source.to_string() }
        }
        other => other,
    }
}

/// The HTTP library's errors as ours; those that were ours come back as they were.
pub(crate) fn from_library(error: ureq::Error, allowed: Duration) -> NetError {
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<NetError>() {
            Ok(own) => *own,
            Err(other) => NetError::Protocol(other.to_string()),
        },
        ureq::Error::Timeout(_) => NetError::Timeout { seconds: allowed.as_secs_f32() },
        ureq::Error::Io(source) => NetError::Io(source),
        other => NetError::Protocol(other.to_string()),
    }
}
