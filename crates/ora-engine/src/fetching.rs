//! Bytes over the network: artifacts into their partial files, small files into memory.

use std::{
    io::{Read, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use ora_core::{Event, Remote, RemoteError, RemoteFailure, Request, Resume, SourceUrl};
use ora_schema::release::Release;
use ora_store::Partial;
use ora_verify::{Expectation, checksum_file};

use crate::{Context, Error};

/// Does the same for several things, as many at a time as the policy allows; the results in the order asked for.
pub(crate) fn each<T: Send>(context: &Context<'_>, count: usize, work: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let worker = || loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= count {
            return;
        }
        let result = work(at);
        results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
    };
    let threads = context.policy.parallel_downloads.clamp(1, count.max(1));
    if threads == 1 {
        worker();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(worker);
            }
        });
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Streams the artifact into its partial file; says whether it went on where an earlier run stopped.
pub(crate) fn download(
    context: &Context<'_>,
    remote: &dyn Remote,
    release: &Release,
    expectation: &Expectation,
    partial: &mut Partial,
    subject: &str,
    may_resume: bool,
) -> Result<bool, Error> {
    let known = partial.resumable(&release.url).filter(|_| may_resume).map(|(offset, text)| (offset, text.to_owned()));
    let request = Request {
        resume: known.as_ref().map(|(offset, validator)| Resume { offset: *offset, validator }),
        ..Request::new(&release.url, context.policy.max_download_size)
    };
    let mut response = remote.get(&request).map_err(|source| Error::fetch(&release.name, &release.url, source))?;
    partial.begin(&release.url, &response.validators, response.offset, expectation.needs_sha512())?;
    let already = response.offset;
    let total = response.length.map(|length| length + already);
    context.reporter.report(Event::TransferStarted { subject: subject.to_owned(), total, already });
    let ended = stream(context, &mut response.body, partial, subject, already);
    context.reporter.report(Event::TransferEnded { subject: subject.to_owned() });
    ended.map_err(|source| Error::transfer(&release.name, &release.url, source))?;
    Ok(already > 0)
}

fn stream(
    context: &Context<'_>,
    body: &mut dyn Read,
    partial: &mut Partial,
    subject: &str,
    already: u64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    let (mut done, mut told) = (already, already);
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        partial.write_all(&buffer[..count])?;
        done += count as u64;
        if done - told >= 256 << 10 {
            told = done;
            context.reporter.report(Event::TransferAdvanced { subject: subject.to_owned(), done });
        }
    }
}

/// Whether a server says that there is nothing at a URL. Nothing of what is there is read.
pub(crate) fn is_absent(context: &Context<'_>, remote: &dyn Remote, url: &SourceUrl) -> bool {
    let answer = remote.get(&Request::new(url, context.policy.max_download_size));
    answer.is_err_and(|error| error.is_missing())
}

/// A file that is read whole: a checksum file, a definition.
pub(crate) fn fetch_small(context: &Context<'_>, remote: &dyn Remote, url: &SourceUrl) -> Result<Vec<u8>, Error> {
    let limit = context.policy.max_listing_size.min(checksum_file::MAX_BYTES as u64);
    let fetched = remote.get(&Request::new(url, limit)).and_then(|mut response| {
        let mut bytes = Vec::new();
        match response.body.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(RemoteError {
                message: format!("{url} could not be read to its end"),
                failure: RemoteFailure::Unreachable,
                source: Some(Box::new(error)),
            }),
        }
    });
    fetched.map_err(|source| Error::Remote { url: url.clone(), source })
}
