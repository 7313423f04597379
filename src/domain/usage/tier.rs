//! The service tier that an answer reports: it says at which of its prices a model was used.

/// At which price a request was processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tier {
    /// At the price of the table.
    #[default]
    Standard,
    /// Fast mode, called priority processing until July 2026.
    Priority,
    /// Faster still, on a few models.
    Ultrafast,
    /// Slower and cheaper.
    Flex,
    /// In a batch.
    Batch,
}

impl Tier {
    /// The tier of a `service_tier`, whatever its case. `default`, `auto`, `scale` and names that are not known here are
    /// charged at the standard price.
    pub fn named(name: &str) -> Tier {
        match name.trim().to_ascii_lowercase().as_str() {
            "priority" | "fast" => Tier::Priority,
            "ultrafast" => Tier::Ultrafast,
            "flex" => Tier::Flex,
            "batch" => Tier::Batch,
            _ => Tier::Standard,
        }
    }

    /// How the ledger spells it.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Standard => "standard",
            Tier::Priority => "priority",
            Tier::Ultrafast => "ultrafast",
            Tier::Flex => "flex",
            Tier::Batch => "batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_known_by_every_name_it_has() {
        for (name, tier) in [
            ("priority", Tier::Priority),
            ("Priority", Tier::Priority),
            (" FAST ", Tier::Priority),
            ("ultrafast", Tier::Ultrafast),
            ("flex", Tier::Flex),
            ("batch", Tier::Batch),
            ("default", Tier::Standard),
            ("auto", Tier::Standard),
            ("scale", Tier::Standard),
            ("", Tier::Standard),
            ("turbo", Tier::Standard),
        ] {
            assert_eq!(Tier::named(name), tier, "{name}");
        }
        for tier in [Tier::Priority, Tier::Ultrafast, Tier::Flex, Tier::Batch, Tier::Standard] {
            assert_eq!(Tier::named(tier.name()), tier);
        }
    }
}
