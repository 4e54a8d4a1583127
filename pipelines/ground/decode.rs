//! Bytes to text: which encoding a file is in, and cell by cell what could not be read.

use encoding_rs::{DecoderResult, Encoding, SHIFT_JIS, UTF_8};

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
    pub fn decode(self, bytes: &[u8]) -> (std::borrow::Cow<'_, str>, bool) {
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

/// An Excel workbook, new (ZIP) or old (OLE).
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

/// The content without its byte order mark, and the encoding it is most likely in.
///
/// BOM, then strict UTF-8, then whichever of the two reads on with fewer broken places.
pub fn detect(bytes: &[u8]) -> Result<(&[u8], TextEncoding), &'static str> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err("文字コードが UTF-16 です");
    }
    if is_workbook(bytes) {
        return Err("Excel ブックです");
    }
    if let Some(rest) = bytes.strip_prefix(UTF8_BOM) {
        return Ok((rest, TextEncoding::Utf8));
    }
    if std::str::from_utf8(bytes).is_ok() {
        return Ok((bytes, TextEncoding::Utf8));
    }
    if bytes.contains(&0) {
        return Err("文字の表ではないデータが入っています");
    }
    // The first byte that is no UTF-8 decides: around it the right encoding reads on, the wrong one stumbles again and again.
    let first = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), |_| 0);
    let window = &bytes[first..bytes.len().min(first + (64 << 10))];
    let broken = |encoding: TextEncoding| encoding.decode(window).0.matches('\u{FFFD}').count();
    let (utf8, cp932) = (broken(TextEncoding::Utf8), broken(TextEncoding::Cp932));
    Ok((bytes, if utf8 < cp932 { TextEncoding::Utf8 } else { TextEncoding::Cp932 }))
}
