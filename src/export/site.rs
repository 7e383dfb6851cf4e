//! Lists as a small web site of plain files: no server, nothing from elsewhere, readable without a script, and a policy in
//! each page that lets no other script run.

use super::{Cell, List};
use crate::billing::money::Money;
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use handlebars::{Handlebars, html_escape};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../templates/report/page.html.hbs");
const STYLE: &str = include_str!("../../templates/report/style.css");
const SCRIPT: &str = include_str!("../../templates/report/script.js");

/// A site.
#[derive(Debug, Default)]
pub struct Site {
    /// Whose.
    pub company: String,
    /// Its language, `el`.
    pub language: &'static str,
    /// When it was made, in words.
    pub made: String,
    /// What its frame says, by name: `skip`, `pages`, `search`, `found`.
    pub words: BTreeMap<&'static str, String>,
    /// Its pages; those with a place stand in the menu, in this order.
    pub pages: Vec<Page>,
    /// Where a code leads to, from the root.
    pub places: BTreeMap<String, String>,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Its file, from the root.
    pub file: String,
    /// Its title.
    pub title: String,
    /// Whether it stands in the menu.
    pub in_menu: bool,
    /// How much waits there, for the menu.
    pub count: usize,
    /// What stands on it.
    pub parts: Vec<Part>,
}

/// What stands on a page.
#[derive(Debug)]
pub enum Part {
    /// A sentence; what stands in `backticks` is typed as it stands.
    Tell(String),
    /// A sentence that somebody must read.
    Warn(String),
    /// A table with its title.
    Table(String, List),
    /// Amounts as bars, with their title.
    Bars(String, Vec<(String, Money)>),
    /// Links, each with its words.
    Links(String, Vec<(String, String)>),
}

/// The files of a site, each with its path from the root.
///
/// # Errors
/// None that can be: the templates are built in.
pub fn site(site: &Site, day: fn(NaiveDate) -> String) -> Result<Vec<(String, Vec<u8>)>> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_template_string("page", PAGE).context("the report's template")?;
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let (style_hash, script_hash) = (hash(STYLE), hash(SCRIPT));
    let mut files = Vec::new();
    for page in &site.pages {
        let up = "../".repeat(page.file.matches('/').count());
        let nav: Vec<Value> = site
            .pages
            .iter()
            .filter(|other| other.in_menu)
            .map(|other| {
                let here = other.file == page.file;
                json!({ "file": other.file, "title": other.title, "here": here, "count": other.count })
            })
            .collect();
        let drawn = Drawn { site, day, up: &up };
        let parts: Vec<String> = page.parts.iter().map(|part| drawn.part(part)).collect();
        let text = registry
            .render(
                "page",
                &json!({
                    "lang": site.language, "company": site.company, "made": site.made, "words": site.words,
                    "title": page.title, "nav": nav, "up": up, "parts": parts, "style": STYLE, "script": SCRIPT,
                    "style_hash": style_hash, "script_hash": script_hash,
                }),
            )
            .with_context(|| format!("the page `{}`", page.file))?;
        files.push((page.file.clone(), text.into_bytes()));
    }
    Ok(files)
}

struct Drawn<'a> {
    site: &'a Site,
    day: fn(NaiveDate) -> String,
    up: &'a str,
}

impl Drawn<'_> {
    fn part(&self, part: &Part) -> String {
        match part {
            Part::Tell(text) => format!("<p class=\"tell\">{}</p>", commands(text)),
            Part::Warn(text) => format!("<p class=\"warn\">{}</p>", commands(text)),
            Part::Table(title, list) => self.table(title, list),
            Part::Bars(title, rows) => bars(title, rows),
            Part::Links(title, links) => {
                let items: String = links
                    .iter()
                    .map(|(words, to)| {
                        format!(
                            "<li><a href=\"{}{}\">{}</a></li>",
                            self.up,
                            html_escape(to),
                            html_escape(words)
                        )
                    })
                    .collect();
                format!("<h2>{}</h2><ul>{items}</ul>", html_escape(title))
            }
        }
    }

    fn table(&self, title: &str, list: &List) -> String {
        let is_number = |at: usize| {
            list.rows.iter().any(|row| matches!(row.get(at), Some(Cell::Money(_) | Cell::Count(_))))
        };
        let head = list.head.iter().enumerate().map(|(at, name)| {
            let class = if is_number(at) { " class=\"n\"" } else { "" };
            format!("<th scope=\"col\"{class}>{}</th>", html_escape(name))
        });
        let head: String = head.collect();
        let row = |cells: &Vec<Cell>| -> String {
            format!("<tr>{}</tr>\n", cells.iter().map(|cell| self.cell(cell)).collect::<String>())
        };
        let body: String = list.rows.iter().map(row).collect();
        let foot = list.sums().map_or_else(String::new, |sums| format!("<tfoot>{}</tfoot>", row(&sums)));
        let title = html_escape(title);
        format!(
            "<h2>{title} <span class=\"count\">{}</span></h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
             aria-label=\"{title}\"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody>{foot}</table></div>",
            list.rows.len()
        )
    }

    fn cell(&self, cell: &Cell) -> String {
        match cell {
            Cell::Text(text) => format!("<td>{}</td>", commands(text)),
            Cell::Code(code) => {
                let text = html_escape(code);
                match self.site.places.get(code) {
                    Some(place) => format!(
                        "<td class=\"c\"><a href=\"{}{}\">{text}</a></td>",
                        self.up,
                        html_escape(place)
                    ),
                    None => format!("<td class=\"c\">{text}</td>"),
                }
            }
            Cell::Day(day) => format!("<td class=\"d\" data-v=\"{day}\">{}</td>", (self.day)(*day)),
            Cell::Money(amount) => {
                format!(
                    "<td class=\"n\" data-v=\"{}\">{}</td>",
                    amount.cents(),
                    html_escape(&amount.to_string())
                )
            }
            Cell::Count(count) => format!("<td class=\"n\" data-v=\"{count}\">{count}</td>"),
        }
    }
}

/// Text in which what stands between backticks is a command.
#[must_use]
pub fn commands(text: &str) -> String {
    let mut html = String::new();
    for (at, piece) in text.split('`').enumerate() {
        match at % 2 {
            0 => html.push_str(&html_escape(piece)),
            _ => html.push_str(&format!("<code>{}</code>", html_escape(piece))),
        }
    }
    html
}

/// Letters of a bar's name that fit beside it.
const NAME_MAX: usize = 18;

fn bars(title: &str, rows: &[(String, Money)]) -> String {
    const ROW: usize = 26;
    const WIDEST: i64 = 420;
    let most = rows.iter().map(|(_, amount)| amount.cents()).max().unwrap_or(0).max(1);
    let height = rows.len() * ROW;
    let mut drawn = String::new();
    let mut told = Vec::new();
    for (at, (name, amount)) in rows.iter().enumerate() {
        let width = (amount.cents().max(0) * WIDEST / most).max(1);
        let base = at * ROW;
        let short: String = name.chars().take(NAME_MAX).collect();
        drawn.push_str(&format!(
            "<text x=\"150\" y=\"{}\" text-anchor=\"end\">{}</text><rect x=\"160\" y=\"{}\" width=\"{width}\" height=\"16\" \
             rx=\"2\"/><text x=\"{}\" y=\"{}\">{amount}</text>",
            base + 17,
            html_escape(&short),
            base + 5,
            170 + width,
            base + 17
        ));
        told.push(format!("{name} {amount}"));
    }
    let title = html_escape(title);
    format!(
        "<h2>{title}</h2><svg role=\"img\" aria-label=\"{title}: {}\" viewBox=\"0 0 720 {height}\" width=\"720\" height=\"{height}\">{drawn}</svg>",
        html_escape(&told.join(", "))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::code;

    #[test]
    fn nothing_that_a_customer_is_called_becomes_a_tag_and_codes_lead_to_their_pages() {
        let evil = "<script>alert(1)</script>\" onload=\"x";
        let list = List::of(vec!["who".to_owned()], &[evil], |name| vec![(*name).into(), code("K-1")]);
        let place = ("K-1".to_owned(), "customers/K-1.html".to_owned());
        let page = |file: &str, parts| Page {
            file: file.to_owned(),
            title: evil.to_owned(),
            in_menu: true,
            count: 0,
            parts,
        };
        let words = ["skip", "pages", "search", "found"].map(|word| (word, word.to_owned()));
        let made = Site {
            company: evil.to_owned(),
            language: "el",
            words: words.into(),
            pages: vec![
                page(
                    "index.html",
                    vec![Part::Table(evil.to_owned(), list.clone()), Part::Warn(evil.to_owned())],
                ),
                page(
                    "customers/K-1.html",
                    vec![
                        Part::Bars(evil.to_owned(), vec![(evil.to_owned(), Money::from_cents(5))]),
                        Part::Table(String::new(), list),
                    ],
                ),
            ],
            places: [place].into(),
            ..Site::default()
        };
        let files = site(&made, |day| day.to_string()).unwrap();
        for (name, bytes) in &files {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert_eq!(text.matches("<script>").count(), 1, "{name}");
            assert!(!text.contains("alert(1)</script>"), "{name}");
            assert!(!text.contains("\" onload"), "{name}");
            let up = if name.contains('/') { "../" } else { "" };
            assert!(text.contains(&format!("href=\"{up}customers/K-1.html\">K-1</a>")), "{name}");
        }
    }
}
