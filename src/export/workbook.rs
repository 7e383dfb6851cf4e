//! Lists as an Excel workbook: a sheet each, days and amounts as what they are, codes as text, the head in sight.

use super::{Cell, List};
use crate::billing::money::Money;
use anyhow::Result;
use rust_xlsxwriter::{Format, Workbook, Worksheet};

/// Columns are no wider than this; longer words stand in full in their cell.
const WIDTH_MAX: usize = 60;

/// A sheet's name is no longer than this, and has none of these letters.
const NAME_MAX: usize = 31;
const NOT_IN_NAMES: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// The bytes of the file; `lists` are named as their sheets are called.
///
/// # Errors
/// A list of more rows than a sheet has.
pub fn workbook(lists: &[(String, List)]) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    for (name, list) in lists {
        let sheet = book.add_worksheet();
        let name: String = name.chars().filter(|c| !NOT_IN_NAMES.contains(c)).take(NAME_MAX).collect();
        sheet.set_name(name)?;
        fill(sheet, list)?;
    }
    Ok(book.save_to_buffer()?)
}

fn fill(sheet: &mut Worksheet, list: &List) -> Result<()> {
    let bold = Format::new().set_bold();
    let (day, amount) =
        (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("#,##0.00"));
    for (column, name) in (0_u16..).zip(&list.head) {
        sheet.write_string_with_format(0, column, name, &bold)?;
        let cells = list.rows.iter().filter_map(|row| row.get(usize::from(column))).map(width);
        let widest = cells.chain([name.chars().count()]).max().unwrap_or(0).min(WIDTH_MAX);
        sheet.set_column_width(column, u32::try_from(widest)? + 2)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, cells) in (1_u32..).zip(&list.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Text(text) | Cell::Code(text) if text.is_empty() => continue,
                Cell::Text(text) | Cell::Code(text) => sheet.write_string(row, column, text)?,
                Cell::Day(of) => sheet.write_datetime_with_format(row, column, of, &day)?,
                Cell::Money(money) => sheet.write_number_with_format(row, column, euros(*money), &amount)?,
                Cell::Count(count) => sheet.write_number(row, column, i32::try_from(*count)?)?,
            };
        }
    }
    for (column, cell) in (0_u16..).zip(list.sums().unwrap_or_default()) {
        let row = u32::try_from(list.rows.len())? + 1;
        match cell {
            Cell::Money(money) => {
                let amount = amount.clone().set_bold();
                sheet.write_number_with_format(row, column, euros(money), &amount)?;
            }
            Cell::Text(text) if !text.is_empty() => {
                sheet.write_string_with_format(row, column, text, &bold)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Excel knows binary fractions only; cents of any amount that there is come back as they were.
#[expect(clippy::cast_precision_loss, reason = "amounts end long before a double's 53 bits do")]
fn euros(amount: Money) -> f64 {
    amount.cents() as f64 / 100.0
}

fn width(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) | Cell::Code(text) => text.chars().count(),
        Cell::Day(_) => "31/12/2026".len(),
        Cell::Money(amount) => amount.greek_digits().chars().count(),
        Cell::Count(count) => count.to_string().len(),
    }
}
