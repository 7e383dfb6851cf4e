//! Excel files as a stream of rows, within limits that an error says: nothing is unpacked that a bank would not send.

use super::bank::{Export, no_header};
use super::error::IntakeError;
use super::excel::{rows, unpacks_within};
use super::payments::PaymentRow;
use super::profile::Profile;
use super::sheet::Sheet;
use calamine::Reader;
use std::io::{Read, Seek};
use std::path::Path;

/// Reads the sheets of a workbook that one of the profiles knows; each is a statement of its own.
///
/// # Errors
/// A file that is no workbook or beyond the limits; one that no profile knows.
pub(super) fn read(
    path: &Path,
    mut input: impl Read + Seek,
    profiles: &[Profile],
) -> Result<Sheet<PaymentRow>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    unpacks_within(&mut input).map_err(refuse)?;
    // the reader of Excel files is not ours: a file that makes it panic is a file that cannot be read
    let reading = std::panic::AssertUnwindSafe(|| sheets(path, input, profiles));
    std::panic::catch_unwind(reading).unwrap_or_else(|_| {
        Err(refuse("it is no Excel file that can be read; open it in Excel and save it again".to_owned()))
    })
}

fn sheets(
    path: &Path,
    input: impl Read + Seek,
    profiles: &[Profile],
) -> Result<Sheet<PaymentRow>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(input)
        .map_err(|error: calamine::XlsxError| refuse(format!("it is no Excel file: {error}")))?;
    let mut whole: Option<Sheet<PaymentRow>> = None;
    let mut other_sheets = Vec::new();
    for (index, name) in (0_u32..).zip(book.sheet_names()) {
        let mut export = Export::new(path, profiles, index);
        let count = rows(&mut book, &name, |line, row| export.row(line, row)).map_err(refuse)?;
        match (export.finish(), &mut whole) {
            (Some(sheet), None) => whole = Some(sheet),
            (Some(sheet), Some(whole)) => whole.absorb(sheet, |_| {}),
            (None, _) if count > 0 => other_sheets.push(name),
            (None, _) => {}
        }
    }
    let Some(mut sheet) = whole else { return Err(no_header(path, profiles)) };
    for name in other_sheets {
        sheet.warn(
            1,
            format!("the sheet `{name}` holds no movements that a profile knows; nothing of it is read"),
        );
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::super::archive::tests::{read_bytes, zipped};

    /// A workbook of sheets, each with its cells as XML.
    fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let each = |one: &dyn Fn(usize, &str) -> String| -> String {
            sheets.iter().enumerate().map(|(at, (name, _))| one(at + 1, name)).collect()
        };
        let book = each(&|at, name| format!("<sheet name=\"{name}\" sheetId=\"{at}\" r:id=\"rId{at}\"/>"));
        let book =
            format!("<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{book}</sheets></workbook>");
        let relations = each(&|at, _| {
            format!(
                "<Relationship Id=\"rId{at}\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet{at}.xml\"/>"
            )
        });
        let package = "http://schemas.openxmlformats.org/package/2006/relationships";
        let relations = format!("<Relationships xmlns=\"{package}\">{relations}</Relationships>");
        let root = format!(
            "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
        );
        let mut files = vec![
            ("_rels/.rels".to_owned(), root),
            ("xl/workbook.xml".to_owned(), book),
            ("xl/_rels/workbook.xml.rels".to_owned(), relations),
        ];
        for (at, (_, cells)) in sheets.iter().enumerate() {
            let text = format!("<worksheet xmlns=\"{main}\"><sheetData>{cells}</sheetData></worksheet>");
            files.push((format!("xl/worksheets/sheet{}.xml", at + 1), text));
        }
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        zipped(&files)
    }

    fn row(number: usize, cells: &[&str]) -> String {
        let cells: String = cells
            .iter()
            .zip('A'..)
            .map(|(text, column)| match text.strip_prefix('#') {
                Some(number_text) => format!("<c r=\"{column}{number}\"><v>{number_text}</v></c>"),
                None => format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
            })
            .collect();
        format!("<row r=\"{number}\">{cells}</row>")
    }

    const HEADER: [&str; 4] =
        ["Ημ/νία Συναλλαγής", "Περιγραφή Συναλλαγής", "Σχόλια / Κωδικός Αναφοράς", "Ποσό"];

    #[test]
    fn piraeus_without_a_balance_column_on_the_second_sheet_is_read() {
        let cells = row(1, &["Έως: 19/09/2025"])
            + &row(3, &HEADER)
            + &row(4, &["18/09/2025", "IRIS", "ΝΙΚΟΛΑΪΔΗΣ", "#20.96"])
            + &row(5, &["18/09/2025", "IRIS", "ΝΟΤΗΣ", "#0.30000000000000004"])
            + &row(6, &["18/09/2025", "IRIS", "ΚΛΑΣΜΑ", "#1.2345"]);
        let sheet =
            read_bytes(&workbook(&[("Οδηγίες", &row(1, &["Κείμενο"])), ("Κινήσεις", &cells)])).unwrap();
        let cents: Vec<i64> =
            sheet.rows.to_vec().unwrap().iter().map(|row| row.value.amount.cents()).collect();
        assert_eq!(cents, [2_096, 30]);
        assert_eq!(sheet.until, chrono::NaiveDate::from_ymd_opt(2025, 9, 19));
        assert_eq!((sheet.faults.len(), sheet.faults[0].line), (1, 6));
        assert!(
            sheet.warnings.iter().any(|warning| warning.message.contains("Οδηγίες")),
            "{:?}",
            sheet.warnings
        );
    }

    #[test]
    fn two_sheets_of_movements_are_two_statements() {
        let cells = row(1, &HEADER) + &row(2, &["18/09/2025", "IRIS", "Α", "#1"]);
        let sheet = read_bytes(&workbook(&[("Α", &cells), ("Β", &cells)])).unwrap();
        let places: Vec<u32> = sheet.rows.to_vec().unwrap().iter().map(|row| row.value.statement).collect();
        assert_eq!(places, [0, 1]);
    }

    #[test]
    fn a_cell_at_the_end_of_the_world_and_a_bomb_are_refused_with_the_limit() {
        let far = row(1, &HEADER) + "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
        let error = read_bytes(&workbook(&[("Α", &far)])).unwrap_err().to_string();
        assert!(error.contains("at most 1048576 rows and 256 columns"), "{error}");
        // a mark of style alone is no cell
        let styled = row(1, &HEADER) + "<row r=\"1048576\"><c r=\"XFD1048576\"/></row>";
        assert!(read_bytes(&workbook(&[("Α", &styled)])).is_ok());
        let deep = row(1, &HEADER) + "<row r=\"1048576\"><c r=\"A1048576\"><v>1</v></c></row>";
        assert!(read_bytes(&workbook(&[("Α", &deep)])).is_ok(), "empty rows cost nothing");
        let bomb = " ".repeat(257 << 20);
        let error = read_bytes(&workbook(&[("Α", &bomb)])).unwrap_err().to_string();
        assert!(error.contains("unpacks to more than 256 MB"), "{error}");
    }

    #[test]
    fn a_cell_whose_name_makes_the_reader_overflow_is_a_refused_file() {
        let far = row(1, &HEADER) + &format!("<row r=\"2\"><c r=\"{}2\"><v>1</v></c></row>", "W".repeat(40));
        let error = read_bytes(&workbook(&[("Α", &far)])).unwrap_err().to_string();
        assert!(error.contains("it is no Excel file") || error.contains("columns"), "{error}");
    }

    #[test]
    fn a_workbook_no_profile_knows_says_what_to_do() {
        let error = read_bytes(&workbook(&[("Α", &row(1, &["α"]))])).unwrap_err().to_string();
        assert!(error.contains("docs/profiles.md"), "{error}");
    }
}
