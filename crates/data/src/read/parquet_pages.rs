use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

/// The pages of a column, none of which claims to hold more values than it can.
///
/// The decoder sets memory aside for every value of a dictionary that a page's header promises.
pub(super) struct CheckedPages {
    pages: Box<dyn PageReader>,
    /// The rows of the group.
    rows: usize,
}

impl CheckedPages {
    pub(super) fn new(pages: Box<dyn PageReader>, rows: usize) -> Self {
        Self { pages, rows }
    }
}

fn checked(page: Page, rows: usize) -> Result<Page> {
    // A value of a dictionary takes a bit at least, one of a data page may take none.
    let most = match &page {
        Page::DictionaryPage { buf, .. } => buf.len().saturating_mul(8),
        _ => rows,
    };
    let values = page.num_values() as usize;
    if values > most {
        return Err(ParquetError::General(format!(
            "a page says it has {values} values, where {most} is the most"
        )));
    }
    Ok(page)
}

impl Iterator for CheckedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let rows = self.rows;
        self.pages.get_next_page()?.map(|page| checked(page, rows)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
