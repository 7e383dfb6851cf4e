//! How deep a template may be: beyond it the reader and the writer of templates would run out of stack, and end the night
//! with everybody's cards.

/// No card's template is nested deeper.
const DEPTH: usize = 32;
/// Bytes of a template.
const SIZE: usize = 1 << 20;

/// Checks a template before it is compiled.
///
/// # Errors
/// What is too deep or too large, and templates that call templates, which could call themselves.
pub(super) fn check(source: &str) -> Result<(), String> {
    if source.len() > SIZE {
        return Err(format!("it has {} bytes; a template has at most {SIZE}", source.len()));
    }
    // of each open block how many `else if` it has, each of which lies within the one before
    let mut open: Vec<usize> = Vec::new();
    let mut deepest = 0;
    for tag in source.split("{{").skip(1) {
        let tag = tag.trim_start_matches(['{', '~', '&']).trim_start();
        let inner = tag.split("}}").next().unwrap_or(tag).trim_end_matches(['}', '~']).trim();
        let mut signs = inner.chars();
        match (signs.next(), signs.next()) {
            (Some('>' | '*'), _) | (Some('#'), Some('>' | '*')) => {
                return Err(format!("`{{{{{inner}}}}}`: a template calls no other; write it out"));
            }
            (Some('#'), _) | (Some('^'), Some(_)) => open.push(1),
            (Some('/'), _) => _ = open.pop(),
            _ if inner.starts_with("else ") => {
                if let Some(chain) = open.last_mut() {
                    *chain += 1;
                }
            }
            _ => {}
        }
        let parentheses = inner.chars().filter(|c| *c == '(').count();
        deepest = deepest.max(open.iter().sum::<usize>().max(parentheses));
    }
    if deepest > DEPTH {
        return Err(format!("it is nested {deepest} deep; at most {DEPTH}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_would_run_out_of_stack_is_refused_before_it_is_compiled() {
        let nested = |count: usize| format!("{}x{}", "{{#if a}}".repeat(count), "{{/if}}".repeat(count));
        assert_eq!(check(&nested(32)), Ok(()));
        assert!(check(&nested(20_000)).unwrap_err().contains("20000 deep"));
        assert!(check(&format!("{{{{#if a}}}}{}{{{{/if}}}}", "{{else if b}}x".repeat(5_000))).is_err());
        assert!(
            check(&format!("{{{{#if {}a{}}}}}{{{{/if}}}}", "(not ".repeat(1_000), ")".repeat(1_000)))
                .is_err()
        );
        assert!(check(&"x".repeat(2 << 20)).unwrap_err().contains("at most"));
        // one after another is not one within another
        assert_eq!(
            check(&"{{#if a}}{{~else~}}x{{~/if}}{{^b}}y{{/b}}{{#each c}}{{else}}{{/each}}".repeat(500)),
            Ok(())
        );
        for calls in [
            "{{> other}}",
            "{{#*inline \"a\"}}{{> a}}{{/inline}}",
            "{{#> layout}}x{{/layout}}",
            "{{~> a}}",
            "{{* d}}",
        ] {
            assert!(check(calls).unwrap_err().contains("calls no other"), "{calls}");
        }
    }
}
