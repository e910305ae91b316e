//! Rows with aligned columns.

use super::{Line, Palette};

const GAP: usize = 2;

/// A table for people: aligned columns, the last cut to the terminal where there is one.
#[derive(Clone, Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// A table with these column heads; none for a table without a head.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Line>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines as shown; `columns` is the width to keep to, `None` where nothing is cut (a file, a pipe).
    pub fn render(&self, palette: Palette, columns: Option<usize>) -> Vec<String> {
        let mut rows: Vec<Vec<Line>> = Vec::with_capacity(self.rows.len() + 1);
        if !self.header.is_empty() {
            rows.push(self.header.iter().map(|head| Line::new().dim(head)).collect());
        }
        rows.extend(self.rows.iter().cloned());
        let widths = widths(&rows);
        rows.iter().map(|row| render_row(row, &widths, palette, columns)).collect()
    }
}

/// The width of every column but a row's last, which nothing stands behind.
fn widths(rows: &[Vec<Line>]) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate().take(row.len().saturating_sub(1)) {
            if widths.len() <= column {
                widths.resize(column + 1, 0);
            }
            widths[column] = widths[column].max(cell.width());
        }
    }
    widths
}

fn render_row(row: &[Line], widths: &[usize], palette: Palette, columns: Option<usize>) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (column, cell) in row.iter().enumerate() {
        if column + 1 == row.len() {
            match columns {
                // A column that begins beyond the edge is shown whole: a wrapped line says more than `…`.
                Some(columns) if at + 10 < columns => out.push_str(&cell.render_within(palette, columns - at)),
                _ => out.push_str(&cell.render(palette)),
            }
        } else {
            let width = widths.get(column).copied().unwrap_or(0) + GAP;
            out.push_str(&cell.render(palette));
            out.push_str(&" ".repeat(width - cell.width()));
            at += width;
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["name", "version", "about"]);
        table.row(["jq".into(), "1.7.1".into(), "a JSON processor for the command line".into()]);
        table.row(["prometheus".into(), "2.45.0".into(), "".into()]);
        table
    }

    #[test]
    fn columns_align_and_nothing_trails() {
        assert_eq!(
            table().render(Palette::Plain, None),
            [
                "name        version  about",
                "jq          1.7.1    a JSON processor for the command line",
                "prometheus  2.45.0"
            ]
        );
    }

    #[test]
    fn the_last_column_keeps_to_the_terminal() {
        let lines = table().render(Palette::Plain, Some(40));
        assert_eq!(lines[1], "jq          1.7.1    a JSON processor f…");
        assert_eq!(table().render(Palette::Plain, Some(1)), table().render(Palette::Plain, None));
    }
}
