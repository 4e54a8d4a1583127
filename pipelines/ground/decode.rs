//! Bytes to text: which encoding a file is in, and cell by cell what could not be read.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// Encoding of an extract. CP932 means windows-31j with the NEC and IBM extensions (WHATWG `Shift_JIS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    Utf8,
    Cp932,
}

impl TextEncoding {
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Cp932 => "CP932（Shift_JIS）",
        }
    }

    /// `auto` (None), `utf-8` or `cp932`, as written in a layout file.
    pub fn parse(name: &str) -> Option<Option<Self>> {
        match name.to_ascii_lowercase().as_str() {
            "auto" | "" => Some(None),
            "utf-8" | "utf8" => Some(Some(Self::Utf8)),
            "cp932" | "shift_jis" | "sjis" | "windows-31j" => Some(Some(Self::Cp932)),
            _ => None,
        }
    }

    fn codec(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Cp932 => SHIFT_JIS,
        }
    }

    /// Text of one cell, and whether some bytes had no meaning (each became U+FFFD).
    ///
    /// Cells are cut out of the raw bytes before decoding: neither the comma nor the quote nor a line feed
    /// can be the second byte of a CP932 pair, so a broken pair harms only its own cell.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        self.codec().decode_without_bom_handling(bytes)
    }

    /// The sequences of bytes of a cell that have no meaning, each where its U+FFFD stands in the decoded text.
    pub fn malformed(self, bytes: &[u8]) -> Vec<Malformed> {
        let mut decoder = self.codec().new_decoder_without_bom_handling();
        // enough for any rest of the cell, so the decoder never stops for want of room
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 4) + 16);
        let (mut found, mut read, mut characters) = (Vec::new(), 0, 0);
        loop {
            text.clear();
            let (result, n) = decoder.decode_to_string_without_replacement(&bytes[read..], &mut text, true);
            read += n;
            characters += text.chars().count();
            match result {
                DecoderResult::Malformed(length, after) => {
                    let end = read.saturating_sub(usize::from(after));
                    let start = end.saturating_sub(usize::from(length));
                    found.push(Malformed { character: characters, bytes: bytes[start..end].to_vec() });
                    characters += 1;
                }
                DecoderResult::InputEmpty => return found,
                DecoderResult::OutputFull if n == 0 && text.is_empty() => return found,
                DecoderResult::OutputFull => {}
            }
        }
    }
}

/// Bytes without a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Place in the text of the cell, from zero.
    pub character: usize,
    pub bytes: Vec<u8>,
}

/// Characters shown on each side of what could not be read.
const AROUND: usize = 10;

impl Malformed {
    /// The place as people find it: the text around it, which character it is, and the bytes.
    pub fn shown(&self, text: &str) -> String {
        let before = self.character.saturating_sub(AROUND);
        let around: String = text.chars().skip(before).take(self.character - before + 1 + AROUND).collect();
        let around = around.replace(char::REPLACEMENT_CHARACTER, "〓").replace(['\r', '\n'], " ");
        let head = if before > 0 { "…" } else { "" };
        let tail = if text.chars().nth(self.character + 1 + AROUND).is_some() { "…" } else { "" };
        let bytes = self.bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ");
        format!("{head}{around}{tail}（{}文字目、バイト {bytes}）", self.character + 1)
    }
}

const UTF8_BOM: &[u8] = &[0xEF, 0xBB, 0xBF];

/// The text of a file as bytes in one of the two encodings, and what it was written in.
#[derive(Debug)]
pub struct Content<'a> {
    /// Without byte order mark.
    pub bytes: Cow<'a, [u8]>,
    pub encoding: TextEncoding,
    /// For people: `UTF-8`, `UTF-16`, …
    pub label: &'static str,
}

/// The content of a text file without its byte order mark, and the encoding it is most likely in.
///
/// BOM, UTF-16 and JIS (ISO-2022-JP) by their bytes, then strict UTF-8, then whichever of UTF-8 and CP932 reads on with fewer
/// broken places. UTF-16 and JIS come back as UTF-8, with a byte without a meaning for each of their own broken places.
pub fn open(bytes: &[u8]) -> Content<'_> {
    let again = |codec: &'static Encoding, rest: &[u8], label: &'static str| {
        let (text, broken) = codec.decode_without_bom_handling(rest);
        let bytes = if broken { text.split('\u{FFFD}').map(str::as_bytes).collect::<Vec<_>>().join(&0xFF) } else { text.into_owned().into_bytes() };
        Content { bytes: Cow::Owned(bytes), encoding: TextEncoding::Utf8, label }
    };
    let plain = |bytes, encoding: TextEncoding| Content { bytes: Cow::Borrowed(bytes), encoding, label: encoding.label() };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => return again(UTF_16LE, rest, "UTF-16"),
        [0xFE, 0xFF, rest @ ..] => return again(UTF_16BE, rest, "UTF-16"),
        _ => {}
    }
    if let Some(codec) = utf16_without_mark(bytes) {
        return again(codec, bytes, "UTF-16");
    }
    if let Some(rest) = bytes.strip_prefix(UTF8_BOM) {
        return plain(rest, TextEncoding::Utf8);
    }
    if let Err(first) = std::str::from_utf8(bytes) {
        // The first byte that is no UTF-8 decides: around it the right encoding reads on, the wrong one stumbles again and again.
        let first = first.valid_up_to();
        let window = &bytes[first..bytes.len().min(first + (64 << 10))];
        let broken = |encoding: TextEncoding| encoding.decode(window).0.matches('\u{FFFD}').count();
        let (utf8, cp932) = (broken(TextEncoding::Utf8), broken(TextEncoding::Cp932));
        return plain(bytes, if utf8 < cp932 { TextEncoding::Utf8 } else { TextEncoding::Cp932 });
    }
    let is_jis = bytes.contains(&0x1B) && bytes.windows(3).any(|w| w == b"\x1B$B" || w == b"\x1B$@");
    if is_jis { again(ISO_2022_JP, bytes, "JIS（ISO-2022-JP）") } else { plain(bytes, TextEncoding::Utf8) }
}

/// UTF-16 without a byte order mark: digits and separators leave a zero in every second byte, and nowhere else.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(16 << 10)];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let many = head.len() / 64;
    match (zeros(0), zeros(1)) {
        // a few characters, 一 among them, have a zero in their other byte
        (few, n) if n > many && n > few * 8 => Some(UTF_16LE),
        (n, few) if n > many && n > few * 8 => Some(UTF_16BE),
        _ => None,
    }
}
