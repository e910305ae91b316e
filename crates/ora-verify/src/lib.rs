//! Decides whether bytes may be trusted; the only maker of Verified values.
