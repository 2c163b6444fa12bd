//! Lists of the API, page by page.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::client::{Client, ClientError, encoded};
use crate::exit::CommandError;
use crate::output::Output;

/// Rows in a page: the API's most.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// A list that is read as it is walked.
pub(crate) struct Pages<'a> {
    client: &'a Client,
    path: String,
    next: Next,
}

enum Next {
    First,
    After(String),
    End,
}

impl<'a> Pages<'a> {
    /// The list at `path`, with these parts of a query.
    pub(crate) fn new(client: &'a Client, path: &str, query: &[(&str, Option<&str>)]) -> Self {
        let given = query.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        let parts: String = given.map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
        Self { client, path: format!("{path}?limit={PAGE}{parts}"), next: Next::First }
    }

    /// The list at `path` after one of its rows.
    pub(crate) fn after(client: &'a Client, path: &str, query: &[(&str, Option<&str>)], row: &str) -> Self {
        Self { next: Next::After(row.to_owned()), ..Self::new(client, path, query) }
    }

    /// Tells the whole list as JSON, a line for each item, where that is asked for; otherwise gives the rows of a table for people.
    ///
    /// # Errors
    /// The API does not give a page, or nobody takes what is told.
    pub(crate) async fn rows<T: DeserializeOwned + Serialize>(
        mut self,
        output: &Output,
        row: impl Fn(T) -> Vec<String>,
    ) -> Result<Vec<Vec<String>>, CommandError> {
        let mut rows = Vec::new();
        while let Some(page) = self.next::<T>().await? {
            for item in page {
                if output.is_json() {
                    output.json(&item)?;
                } else {
                    rows.push(row(item));
                }
            }
        }
        Ok(rows)
    }

    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Vec<T>>, ClientError> {
        let path = match &self.next {
            Next::First => self.path.clone(),
            Next::After(cursor) => format!("{}&after={}", self.path, encoded(cursor)),
            Next::End => return Ok(None),
        };
        let page: Page<T> = self.client.get(&path).await?;
        self.next = page.next.map_or(Next::End, Next::After);
        Ok(Some(page.items))
    }
}
