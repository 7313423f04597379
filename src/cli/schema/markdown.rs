//! Tables in pages of Markdown, each between two markers; the rest of a page is left alone.

/// The name of a table, and what makes it.
pub type Table = (&'static str, fn() -> String);

/// `page` with each of these tables rewritten; text outside the markers stays as it is.
///
/// # Errors
///
/// Names the table whose markers are missing.
pub fn with_tables(page: &str, tables: &[Table]) -> Result<String, String> {
    let mut text = page.to_owned();
    for (name, table) in tables {
        let (begin, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- {name}: end -->"));
        let missing = || format!("the markers of the table `{name}` are missing");
        let start = text.find(&begin).ok_or_else(missing)? + begin.len();
        let stop = start + text[start..].find(&end).ok_or_else(missing)?;
        text.replace_range(start..stop, &format!("\n{}\n", table()));
    }
    Ok(text)
}

/// A table of Markdown.
pub fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let escaped = |cells: Vec<String>| cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>();
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let rule = vec!["---".to_owned(); header.len()];
    rows.fold(line(&header) + &line(&rule), |text, row| text + &line(&escaped(row)))
}
