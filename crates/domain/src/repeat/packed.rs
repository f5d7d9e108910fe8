//! Rising numbers in few bytes: each as the distance from the one before, seven bits a byte.

/// A list of strictly rising numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// One more than the last, so that an empty list needs no case of its own.
    next: u32,
    length: u32,
}

impl Packed {
    /// `number` must be above all before it.
    pub fn push(&mut self, number: u32) {
        let mut distance = number - self.next;
        while distance >= 0x80 {
            self.bytes.push(low_seven_bits(distance) | 0x80);
            distance >>= 7;
        }
        self.bytes.push(low_seven_bits(distance));
        self.next = number + 1;
        self.length += 1;
    }

    pub fn len(&self) -> u32 {
        self.length
    }

    /// Bytes that it holds, room for growth included.
    pub fn n_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let mut bytes = self.bytes.iter();
        let mut next = 0;
        std::iter::from_fn(move || {
            let mut distance = 0;
            let mut shift = 0;
            loop {
                let byte = *bytes.next()?;
                distance |= u32::from(byte & 0x7F) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
                shift += 7;
            }
            let number = next + distance;
            next = number + 1;
            Some(number)
        })
    }
}

fn low_seven_bits(number: u32) -> u8 {
    let [lowest, ..] = number.to_le_bytes();
    lowest & 0x7F
}
