//! The parts of a value, checked together: all that is refused is told, not the first of it alone.

use super::Invalid;

/// The outcomes of checking several parts, as one.
pub trait Together {
    type Values;

    /// The values of all parts, or all that is refused, in the order of the parts.
    ///
    /// # Errors
    /// When a part is refused.
    fn together(self) -> Result<Self::Values, Invalid>;
}

/// The values of all parts, or all that is refused, in the order of the parts.
///
/// ```
/// use merak_model::{Port, Weight, invalid::together};
/// let refused = together((Port::new(0), Weight::new(100), Port::new(65_536))).unwrap_err();
/// assert_eq!(refused.faults().count(), 2);
/// ```
///
/// # Errors
/// When a part is refused.
pub fn together<P: Together>(parts: P) -> Result<P::Values, Invalid> {
    parts.together()
}

/// The values of all items, or all that is refused, in the order of the items.
///
/// # Errors
/// When an item is refused.
pub fn each<T, C: FromIterator<T>>(
    items: impl IntoIterator<Item = Result<T, Invalid>>,
) -> Result<C, Invalid> {
    let mut refused = Vec::new();
    let items = items.into_iter();
    let values = items.filter_map(|item| item.map_err(|invalid| refused.push(invalid)).ok());
    let values = values.collect();
    match first_with_others(refused) {
        None => Ok(values),
        Some(invalid) => Err(invalid),
    }
}

fn first_with_others(refused: impl IntoIterator<Item = Invalid>) -> Option<Invalid> {
    refused.into_iter().reduce(Invalid::and)
}

macro_rules! together_tuples {
    ($(($($part:ident)+))+) => {$(
        impl<$($part),+> Together for ($(Result<$part, Invalid>,)+) {
            type Values = ($($part,)+);

            #[expect(non_snake_case, reason = "the parts are named by their types")]
            fn together(self) -> Result<Self::Values, Invalid> {
                match self {
                    ($(Ok($part),)+) => Ok(($($part,)+)),
                    ($($part,)+) => {
                        let refused = [$($part.err()),+].into_iter().flatten();
                        Err(first_with_others(refused).expect("one of them is refused"))
                    }
                }
            }
        }
    )+};
}

together_tuples! {
    (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K)
}
