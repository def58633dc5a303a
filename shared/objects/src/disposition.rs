//! The `Content-Disposition` of a download: clients save the file under its name and do not show it as a page.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to encode in an extended parameter: all except letters, digits and these (RFC 8187, section 3.2.1).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header's value for a file with this name: first an ASCII form for clients that read nothing else, then the exact
/// name (RFC 6266, section 5).
pub(crate) fn attachment(file_name: &str) -> String {
    let plain = |c: char| if c.is_ascii() && !c.is_ascii_control() && !matches!(c, '"' | '\\' | '%') { c } else { '_' };
    let ascii: String = file_name.chars().map(plain).collect();
    let extended = utf8_percent_encode(file_name, ESCAPED);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{extended}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_is_kept_and_cannot_add_parameters() {
        for (name, header) in [
            ("a.png", r#"attachment; filename="a.png"; filename*=UTF-8''a.png"#),
            ("My file.txt", r#"attachment; filename="My file.txt"; filename*=UTF-8''My%20file.txt"#),
            ("\u{fc}ber.pdf", r#"attachment; filename="_ber.pdf"; filename*=UTF-8''%C3%BCber.pdf"#),
            (r#"a"; x="b"#, r#"attachment; filename="a_; x=_b"; filename*=UTF-8''a%22%3B%20x%3D%22b"#),
            ("50%.txt", r#"attachment; filename="50_.txt"; filename*=UTF-8''50%25.txt"#),
        ] {
            assert_eq!(attachment(name), header);
        }
    }
}
