//! Whether something is a signature at all: garbage is not the same as unsigned.

/// Whether a text is an armoured OpenPGP signature as far as its frame goes: the right lines, good Base64, and nothing but
/// signature packets in it. Whose it is and whether it fits is for whoever has keys.
pub(crate) fn is_signature(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let body = text.trim().strip_prefix("-----BEGIN PGP SIGNATURE-----");
    let Some(body) = body.and_then(|rest| rest.strip_suffix("-----END PGP SIGNATURE-----")) else { return false };
    let mut lines = body.lines().map(str::trim);
    // Headers such as `Version:` end with an empty line; there need not be any.
    if lines.next() != Some("") || !lines.by_ref().any(str::is_empty) {
        return false;
    }
    let mut data = String::new();
    for line in lines.filter(|line| !line.is_empty()) {
        if !line.starts_with('=') {
            data.push_str(line);
        }
    }
    decoded(&data).is_some_and(|bytes| has_signatures_only(&bytes))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Whether bytes are a row of packets, each a signature of a known version.
fn has_signatures_only(mut bytes: &[u8]) -> bool {
    const SIGNATURE: u8 = 2;
    if bytes.is_empty() {
        return false;
    }
    while let [head, rest @ ..] = bytes {
        let is_new = head & 0x40 != 0;
        let kind = if is_new { head & 0x3f } else { head >> 2 & 0x0f };
        let length = match (is_new, head & 3, rest) {
            (true, _, [a @ 0..=191, ..]) | (false, 0, [a, ..]) => Some((1, usize::from(*a))),
            (true, _, [a @ 192..=223, b, ..]) => Some((2, (usize::from(*a) - 192) * 256 + usize::from(*b) + 192)),
            (true, _, [255, a, b, c, d, ..]) => Some((5, u32::from_be_bytes([*a, *b, *c, *d]) as usize)),
            (false, 1, [a, b, ..]) => Some((2, usize::from(*a) << 8 | usize::from(*b))),
            _ => None,
        };
        let Some((skip, length)) = length else { return false };
        let Some(body) = rest.get(skip..).and_then(|rest| rest.get(..length)) else { return false };
        let is_known = matches!(body, [3..=6, _, _, _, _, _, ..]);
        if head & 0x80 == 0 || kind != SIGNATURE || !is_known {
            return false;
        }
        bytes = &rest[skip + length..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-----BEGIN PGP SIGNATURE-----\n\nwgwEABYIAAAAAAAAAAA=\n=abcd\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn garbage_is_no_signature() {
        assert!(is_signature(GOOD.as_bytes()));
        for bad in [
            "",
            "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n",
            "-----BEGIN PGP SIGNATURE-----\n\n\n-----END PGP SIGNATURE-----\n",
            "-----BEGIN PGP SIGNATURE-----\nwgwEABYIAAAAAAAAAAA=\n-----END PGP SIGNATURE-----\n",
            "-----BEGIN PGP MESSAGE-----\n\nwgwEABYIAAAAAAAAAAA=\n-----END PGP MESSAGE-----\n",
        ] {
            assert!(!is_signature(bad.as_bytes()), "{bad}");
        }
        assert!(!is_signature(GOOD.replace("wgw", "w?w").as_bytes()));
        assert!(!is_signature(GOOD.replace("wgwE", "wg0E").as_bytes()), "longer than it is");
        assert!(!is_signature(GOOD.replace("AAAAA=", "AAAAA").as_bytes()));
        assert!(!is_signature(&[0xff, 0xfe]));
    }
}
