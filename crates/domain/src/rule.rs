//! The numbered rules, as they are cited by packs, refusals and explanations.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($id:ident)+) => {
        /// The id of one rule: a letter for its subject (F first responder, I intake, T transfer,
        /// C coordination, V verification, L conduct, A assessment, P publication, G practice) and a number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RuleId { $($id),+ }

        impl RuleId {
            /// All rules, in the order of the regulations' letters.
            pub const ALL: &[Self] = &[$(Self::$id),+];

            /// As the regulations are cited: `T1`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$id => stringify!($id)),+ }
            }
        }
    };
}

rules! {
    F1 F2 F3 F4 F5 F6 F7
    I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 I13 I14 I15
    T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11
    C1 C2 C3 C4 C5 C6
    V1 V2 V3 V4 V5 V6 V7
    L1 L2 L3 L4
    A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12
    P1 P2
    G1 G2 G3 G4
}

/// A text that is the id of no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule(pub String);

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "There is no rule \"{}\"", self.0)
    }
}

impl std::error::Error for UnknownRule {}

impl FromStr for RuleId {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        Self::ALL
            .iter()
            .copied()
            .find(|it| it.as_str() == text)
            .ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<C> Encode<C> for RuleId {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RuleId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        d.str()?
            .parse()
            .map_err(|error| decode::Error::custom::<UnknownRule>(error).at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_survives_its_text_and_its_stored_form() {
        assert_eq!(RuleId::ALL.len(), 68);
        for &rule in RuleId::ALL {
            assert_eq!(rule.to_string().parse(), Ok(rule));
            let stored = minicbor::to_vec(rule).unwrap();
            assert_eq!(decode::<RuleId>(&stored).unwrap(), rule);
        }
    }

    #[test]
    fn what_is_no_rule_is_named() {
        assert_eq!(
            "T12".parse::<RuleId>().unwrap_err().to_string(),
            "There is no rule \"T12\""
        );
        assert!("t1".parse::<RuleId>().is_err());
        assert!("".parse::<RuleId>().is_err());
    }
}
