//! Cells as they were read. A row keeps the cells that hold something, so that one far out costs no more than its own text.

use std::ops::{Index, IndexMut};

/// What a cell held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Empty,
    Text,
    Number,
    /// A number in a date format; the text is ISO (`2026-02-01` or `2026-02-01T09:30:00`).
    Date,
    Flag,
    /// `#REF!` and the like; the text is Excel's name of the error.
    Error,
}

/// One cell. Furigana is not part of the text; line feeds are `\n`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub kind: Kind,
    /// The formula without `=`, when there is one; `text` is then the value that Excel last computed.
    pub formula: Option<String>,
}

static EMPTY: Cell = Cell { text: String::new(), kind: Kind::Empty, formula: None };

/// A row of a sheet, from column A to the last cell that holds something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// By column, ascending.
    cells: Vec<(usize, Cell)>,
}

impl Row {
    /// Columns up to the last cell that holds something.
    pub fn len(&self) -> usize {
        self.cells.last().map_or(0, |(column, _)| column + 1)
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A cell; an empty one between others, none beyond the last.
    pub fn get(&self, column: usize) -> Option<&Cell> {
        match self.cells.binary_search_by_key(&column, |(c, _)| *c) {
            Ok(at) => Some(&self.cells[at].1),
            Err(at) => (at < self.cells.len()).then_some(&EMPTY),
        }
    }

    /// Every cell from column A on, empty ones between others too.
    pub fn iter(&self) -> impl Iterator<Item = &Cell> {
        let mut next = 0;
        (0..self.len()).map(move |column| match self.cells.get(next) {
            Some((c, cell)) if *c == column => {
                next += 1;
                cell
            }
            _ => &EMPTY,
        })
    }

    /// The cells that hold something, with their columns.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &Cell)> {
        self.cells.iter().map(|(column, cell)| (*column, cell))
    }

    /// Puts a cell in its column; of two in one column the later holds.
    pub fn put(&mut self, column: usize, cell: Cell) {
        *self.place(column) = cell;
    }

    /// A cell behind the last.
    pub fn push(&mut self, cell: Cell) {
        self.put(self.len(), cell);
    }

    fn place(&mut self, column: usize) -> &mut Cell {
        let at = self.cells.binary_search_by_key(&column, |(c, _)| *c).unwrap_or_else(|at| {
            self.cells.insert(at, (column, Cell::default()));
            at
        });
        &mut self.cells[at].1
    }
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        cells.into_iter().collect()
    }
}

impl FromIterator<Cell> for Row {
    fn from_iter<I: IntoIterator<Item = Cell>>(cells: I) -> Self {
        Self { cells: cells.into_iter().enumerate().filter(|(_, cell)| *cell != EMPTY).collect() }
    }
}

impl Index<usize> for Row {
    type Output = Cell;

    fn index(&self, column: usize) -> &Cell {
        self.get(column).unwrap_or(&EMPTY)
    }
}

impl IndexMut<usize> for Row {
    fn index_mut(&mut self, column: usize) -> &mut Cell {
        self.place(column)
    }
}

impl<'a> IntoIterator for &'a Row {
    type Item = &'a Cell;
    type IntoIter = Box<dyn Iterator<Item = &'a Cell> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}
