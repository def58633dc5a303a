//! Makes texts of users fit for the screen. A terminal draws no control characters, and characters that turn the
//! direction would turn the whole line around them.

use textwrap::core::display_width;

/// A tab is drawn as so many spaces.
const TAB: &str = "    ";

/// The lines of a text, at least one, without characters that a terminal does not draw. Every line break of Unicode ends
/// a line, and the two bytes of CR LF are one line break. After a line break at the end there is no further line.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    text.strip_suffix(is_line_break).unwrap_or(&text).split(is_line_break).map(printable).collect()
}

/// A text as one line, without characters that a terminal does not draw.
pub(super) fn one_line(text: &str) -> String {
    lines(text).join(" ")
}

/// A pasted text with LF for every CR and CR LF: a terminal sends CR for each line break of a paste.
pub(super) fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Cuts a text to one line of a width, with an ellipsis if it is longer.
pub(super) fn cut(text: &str, width: usize) -> String {
    let text = one_line(text);
    if display_width(&text) <= width {
        return text;
    }
    let mut cut = String::new();
    for letter in text.chars() {
        if display_width(&cut) + display_width(letter.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        cut.push(letter);
    }
    if width > 0 {
        cut.push('\u{2026}');
    }
    cut
}

/// Wraps a text to a width.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let rows = lines(text);
    rows.iter().flat_map(|row| textwrap::wrap(row, width)).map(std::borrow::Cow::into_owned).collect()
}

fn is_line_break(letter: char) -> bool {
    matches!(letter, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates of the bidirectional algorithm. The marks U+200E, U+200F and U+061C turn nothing.
fn turns_the_line(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn printable(line: &str) -> String {
    let mut printable = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '\t' => printable.push_str(TAB),
            control if control.is_control() => printable.push(' '),
            turning if turns_the_line(turning) => {}
            other => printable.push(other),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_only_what_a_terminal_draws() {
        for (text, expected) in [
            ("one\r\ntwo\rthree\nfour", &["one", "two", "three", "four"][..]),
            ("a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f", &["a", "b", "c", "d", "e", "f"]),
            ("\tindented\tmore", &["    indented    more"]),
            ("\u{1b}[31mred\u{7}\u{0}\u{9b}", &[" [31mred   "]),
            ("\u{202e}turned\u{202c} \u{2067}isolated\u{2069}", &["turned isolated"]),
            ("\u{5d0}\u{200f}\u{1f468}\u{200d}\u{1f469}", &["\u{5d0}\u{200f}\u{1f468}\u{200d}\u{1f469}"]),
            ("", &[""]),
            ("\n", &[""]),
            ("a\n\nb\r\n", &["a", "", "b"]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
            assert_eq!(one_line(text), expected.join(" "), "{text:?}");
        }
    }

    #[test]
    fn pasted_line_breaks_are_lf() {
        assert_eq!(with_lf("a\rb\r\nc\nd\r\r\te"), "a\nb\nc\nd\n\n\te");
    }

    #[test]
    fn wrapped_lines_fit_the_width() {
        assert_eq!(wrap("\tif a\t{ b }", 10), ["    if a", "{ b }"]);
        for width in 1..12 {
            for line in wrap("tabs\tand\tan-extraordinarily-long-word\u{1b}[0m\nend", width) {
                assert!(display_width(&line) <= width, "{width}: {line:?}");
            }
        }
        assert_eq!((cut("a\tb", 6), cut("a\tbc", 6)), ("a    b".to_owned(), "a    \u{2026}".to_owned()));
    }
}
