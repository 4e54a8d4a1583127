//! How much of a workbook is read: what the format itself allows, and what fits in the memory of an office machine.

use std::io::{Cursor, Read as _};

use super::cell_name;
use crate::ground::error::{Error, Result};

/// Rows and columns of a sheet, as the format has them (ECMA-376; Excel 2007 and later).
pub const ROWS: u32 = 1_048_576;
pub const COLUMNS: u32 = 16_384;
/// Deflate makes no byte into more than this many.
const MOST_INFLATED: u64 = 1_032;

/// What is still read. Whatever lies beyond is refused with its place, never cut off.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub sheets: usize,
    /// Cells that hold something, in all sheets.
    pub cells: usize,
    /// Characters of one cell, as Excel counts them (UTF-16).
    pub characters: usize,
    /// Bytes of all texts together: the format may name one long text in a million cells.
    pub text: u64,
    /// Bytes of all parts when unpacked.
    pub unpacked: u64,
    /// Empty cells before the last of their rows: they cost something wherever a row is written out.
    pub gaps: usize,
}

impl Limits {
    /// Workbooks in which people write, and official ones.
    pub const PEOPLE: Self = Self { sheets: 500, cells: 4_000_000, characters: 32_767, text: 512 << 20, unpacked: 2 << 30, gaps: 8_000_000 };
    /// An extract of the whole nation, with notes.
    pub const EXTRACT: Self = Self { sheets: 500, cells: 150_000_000, characters: 32_767, text: 8 << 30, unpacked: 32 << 30, gaps: 200_000_000 };
}

/// Counts while a workbook is read.
pub(super) struct Guard<'a> {
    limits: &'a Limits,
    cells: usize,
    text: u64,
    gaps: usize,
}

impl<'a> Guard<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, cells: 0, text: 0, gaps: 0 }
    }

    /// What the parts are when unpacked: counted, not believed, where the file is big enough to be more than allowed.
    pub(super) fn unpacked(&self, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 <= self.limits.unpacked / MOST_INFLATED {
            return Ok(());
        }
        // what is no zip is said by the reader
        let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
        let mut left = self.limits.unpacked;
        for i in 0..archive.len() {
            let Ok(part) = archive.by_index(i) else { continue };
            let unpacked = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).unwrap_or(0);
            left = left.checked_sub(unpacked).ok_or_else(|| {
                let what = format!("Excel ファイルの中身が大きすぎます（開くと {} を超えます）", size(self.limits.unpacked));
                Error::new(what).next("使わないシートや画像を消して、保存し直してください")
            })?;
        }
        Ok(())
    }

    pub(super) fn sheets(&self, n: usize) -> Result<()> {
        if n <= self.limits.sheets {
            return Ok(());
        }
        let what = format!("シートが多すぎます（{n} 枚。読めるのは {} 枚まで）", self.limits.sheets);
        Err(Error::new(what).next("使わないシートを消して、保存し直してください"))
    }

    /// A cell that holds something, before it is kept.
    pub(super) fn cell(&mut self, sheet: &str, (row, column): (u32, u32), text: &str, formula: Option<&str>) -> Result<()> {
        if row >= ROWS || column >= COLUMNS {
            return Err(Error::new("Excel にない場所のセルがあります（XFD1048576 より先）")
                .at(format!("シート「{sheet}」"))
                .next("Excel で開いて保存し直してください。開けないときは、ファイルがこわれています"));
        }
        let at = || format!("シート「{sheet}」の {}", cell_name(row as usize, column as usize));
        let length = text.len().max(formula.map_or(0, str::len));
        // never more UTF-16 units than bytes
        if length > self.limits.characters
            && text.encode_utf16().count().max(formula.map_or(0, |f| f.encode_utf16().count())) > self.limits.characters
        {
            return Err(Error::new(format!("セルの文が長すぎます（読めるのは {} 字まで）", self.limits.characters))
                .at(at())
                .next("文を短くするか、別のファイルに移して、保存し直してください"));
        }
        self.cells += 1;
        self.text += (text.len() + formula.map_or(0, str::len)) as u64;
        if self.cells > self.limits.cells {
            return Err(Error::new(format!("書かれているセルが多すぎます（読めるのは {} 個まで）", self.limits.cells))
                .at(at())
                .next("使わない行・列・シートを消して、保存し直してください"));
        }
        if self.text > self.limits.text {
            return Err(Error::new(format!("書かれている文が多すぎます（合わせて {} を超えます）", size(self.limits.text)))
                .at(at())
                .next("使わない行・列・シートを消して、保存し直してください"));
        }
        Ok(())
    }

    /// The empty cells of a row of so many columns.
    pub(super) fn gaps(&mut self, sheet: &str, (row, width): (usize, usize), n: usize) -> Result<()> {
        self.gaps += n;
        if self.gaps <= self.limits.gaps {
            return Ok(());
        }
        Err(Error::new("表からはなれた右のほうに、たくさんの書きこみがあります")
            .at(format!("シート「{sheet}」の {} など", cell_name(row, width.saturating_sub(1))))
            .next("はなれた列の書きこみを消して、保存し直してください"))
    }
}

fn size(bytes: u64) -> String {
    if bytes >= 1 << 30 { format!("{} GB", bytes >> 30) } else { format!("{} MB", bytes >> 20) }
}
