//! Lists, a page at a time, by key: stable while rows come and go between two pages.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use merak_model::Invalid;

use crate::problem::Problem;

/// The rows of a page: 1..=500, default 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct PageSize(usize);

/// The lists of the API: a token of one says nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum List {
    Namespaces = b'n',
    Services = b's',
    AllServices = b'a',
    SortedServices = b'S',
    SortedAllServices = b'A',
    Instances = b'i',
    SortedInstances = b'I',
    NewestChanges = b'c',
    OldestChanges = b'o',
    Subscribers = b'w',
    RoutingRules = b'r',
    NearbyRules = b'b',
    RateLimitRules = b't',
    AllRoutingRules = b'x',
    AllNearbyRules = b'y',
    AllRateLimitRules = b'z',
    SortedRoutingRules = b'X',
    SortedNearbyRules = b'Y',
    SortedRateLimitRules = b'Z',
    RuleRevisions = b'v',
    Warnings = b'l',
}

/// Where a page begins and how long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    list: List,
    size: usize,
    /// The key of the last row of the page before.
    pub(crate) after: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    /// Ask for it as `page_token` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}

/// The form of the tokens; another one is refused.
const TOKEN_VERSION: u8 = 1;

impl PageSize {
    const MAX: u64 = 500;
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u64> for PageSize {
    type Error = Invalid;

    fn try_from(size: u64) -> Result<Self, Invalid> {
        match usize::try_from(size) {
            Ok(rows) if (1..=Self::MAX).contains(&size) => Ok(Self(rows)),
            _ => Err(Invalid::range("page_size", size, 1, Self::MAX)),
        }
    }
}

impl Cursor {
    /// Reads the parameters `page_size` and `page_token`.
    pub(crate) fn parse(
        list: List,
        size: Option<PageSize>,
        token: Option<&str>,
    ) -> Result<Self, Problem> {
        let after = match token {
            None | Some("") => None,
            Some(token) => Some(key_of(list, token).ok_or_else(|| {
                let refused = "not a token that this list gave out";
                Problem::parameter("page_token", refused).hint("begin again without page_token")
            })?),
        };
        let size = size.unwrap_or_default().0;
        Ok(Self { list, size, after })
    }

    /// One row more than the page has: whether there is another page.
    pub(crate) fn limit(&self) -> usize {
        self.size + 1
    }

    /// The page that `rows` begin with; they come in the order of their keys, after the cursor.
    pub(crate) fn page<R, T>(
        &self,
        rows: impl IntoIterator<Item = R>,
        key: impl Fn(&R) -> String,
        show: impl Fn(R) -> T,
    ) -> Page<T> {
        let mut page: Vec<R> = rows.into_iter().take(self.limit()).collect();
        let has_more = page.len() > self.size;
        page.truncate(self.size);
        let next_page_token = page
            .last()
            .filter(|_| has_more)
            .map(|last| token_of(self.list, &key(last)));
        let items = page.into_iter().map(show).collect();
        Page {
            items,
            next_page_token,
        }
    }
}

fn token_of(list: List, key: &str) -> String {
    let mut token = vec![TOKEN_VERSION, list as u8];
    token.extend_from_slice(key.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

fn key_of(list: List, token: &str) -> Option<String> {
    let token = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let key = token.strip_prefix(&[TOKEN_VERSION, list as u8])?;
    String::from_utf8(key.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(size: u64, token: Option<&str>) -> Result<Cursor, Problem> {
        let size = PageSize::try_from(size).unwrap();
        Cursor::parse(List::Services, Some(size), token)
    }

    #[test]
    fn the_last_page_has_no_token() {
        let letters = ["a", "b", "c"];
        let page_of = |size, after: &Cursor| {
            let later = letters
                .iter()
                .filter(|letter| after.after.as_deref() < Some(letter));
            let cursor = Cursor {
                size,
                ..after.clone()
            };
            cursor.page(later, |letter| (**letter).to_owned(), |letter| *letter)
        };
        let first = page_of(2, &cursor(2, None).unwrap());
        assert_eq!(first.items, ["a", "b"]);
        let token = first.next_page_token.unwrap();
        let second = page_of(2, &cursor(2, Some(&token)).unwrap());
        assert_eq!((second.items, second.next_page_token), (vec!["c"], None));
        assert_eq!(page_of(3, &cursor(3, None).unwrap()).next_page_token, None);
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let others = token_of(List::Instances, "pay");
        for refused in [others.as_str(), "?", "AAAA", "x"] {
            assert!(cursor(2, Some(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_page_has_between_1_and_500_rows() {
        for refused in [0, 501, u64::MAX] {
            assert!(PageSize::try_from(refused).is_err(), "{refused}");
        }
    }
}
