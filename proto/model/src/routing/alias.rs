//! Walker's alias method: a weighted draw in constant time.

/// A weighted draw over `0..n`, in constant time and without allocation.
#[derive(Debug, Clone, Default)]
pub(super) struct AliasTable {
    columns: Vec<Column>,
}

/// A column keeps its own index with a probability of `threshold / 2³²`, else gives `alias`.
#[derive(Debug, Clone, Copy)]
struct Column {
    threshold: u32,
    alias: u32,
}

const WHOLE: u64 = 1 << 32;

impl AliasTable {
    /// Prepares a draw by these weights, all above 0.
    pub(super) fn new(weights: &[u16]) -> Self {
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let count = weights.len() as u64;
        // Each column holds `total` units; an index owns `weight × count` of them.
        let mut units: Vec<u64> = weights
            .iter()
            .map(|weight| u64::from(*weight) * count)
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..weights.len()).partition(|index| units[*index] < total);
        let mut columns: Vec<Column> = (0..weights.len() as u32)
            .map(|index| Column {
                threshold: u32::MAX,
                alias: index,
            })
            .collect();
        while let (Some(poor), Some(rich)) = (small.pop(), large.pop()) {
            let threshold =
                (u128::from(units[poor]) * u128::from(WHOLE) / u128::from(total)) as u32;
            columns[poor] = Column {
                threshold,
                alias: rich as u32,
            };
            units[rich] -= total - units[poor];
            if units[rich] < total {
                small.push(rich)
            } else {
                large.push(rich)
            }
        }
        Self { columns }
    }

    /// The index that 64 random bits stand for; none if the table is empty.
    pub(super) fn draw(&self, bits: u64) -> Option<usize> {
        let scaled = u128::from(bits) * self.columns.len() as u128;
        let index = (scaled >> 64) as usize;
        // The fraction that is left of the multiplication is uniform too, and independent.
        let fraction = (scaled >> 32) as u32;
        let column = self.columns.get(index)?;
        Some(if fraction < column.threshold {
            index
        } else {
            column.alias as usize
        })
    }
}
