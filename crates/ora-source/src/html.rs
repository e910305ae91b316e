//! What a web page writes for a character.

/// A page with its HTML entities and the escapes of embedded scripts (`\u002F`, `\/`) replaced by what they stand for.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((c, length)) = entity(rest).or_else(|| escape(rest)) {
            out.push(c);
            rest = &rest[length..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// `&amp;`, `&#38;`, `&#x26;`: the character and the length of what stands for it.
fn entity(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('&')?;
    let end = inner.bytes().take(10).position(|b| b == b';')?;
    let name = &inner[..end];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "sol" => '/',
        "colon" => ':',
        "period" => '.',
        "lowbar" => '_',
        "plus" => '+',
        "equals" => '=',
        "quest" => '?',
        "percnt" => '%',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control())?
        }
    };
    Some((c, end + 2))
}

/// `\u002F` and `\/`.
fn escape(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('\\')?;
    if inner.starts_with('/') {
        return Some(('/', 2));
    }
    let digits = inner.strip_prefix('u')?.get(..4)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    (c.is_ascii() && !c.is_ascii_control()).then_some((c, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_and_script_escapes() {
        for (page, meaning) in [
            (r"https:\u002F\u002Fh\u002fx?a=1&amp;b=2", "https://h/x?a=1&b=2"),
            (r#"{"url":"https:\/\/h\/x"}"#, r#"{"url":"https://h/x"}"#),
            ("&#47;&#x2F;&#X2f;&quot;&apos;&lt;&gt;", "///\"'<>"),
            (r"\u00e4 \u12 \n & &; &unknown; &#1; &#xD800; \", r"\u00e4 \u12 \n & &; &unknown; &#1; &#xD800; \"),
            ("ä&amp;ö", "ä&ö"),
            // Once only: what a decoded text spells is not decoded again.
            ("&amp;amp;", "&amp;"),
        ] {
            assert_eq!(decode(page), meaning);
        }
    }
}
