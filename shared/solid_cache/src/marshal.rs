//! The little of Ruby's Marshal that cache entries need without Ruby at hand: integers, `nil`, `true`, `false`, and the
//! string of an odd version. Everything else is an object of Ruby's own.

use crate::value::Value;

/// What every dump starts with: the version of the format.
pub(crate) const SIGNATURE: [u8; 2] = [4, 8];

/// Ruby writes what fits into 31 bits in its short form, the rest as a sign and a magnitude.
const SHORT: std::ops::Range<i64> = -(1 << 30)..(1 << 30);

/// The dump of an integer.
pub(crate) fn dump_integer(number: i64) -> Vec<u8> {
    let mut dump = SIGNATURE.to_vec();
    if SHORT.contains(&number) {
        dump.push(b'i');
        push_short(&mut dump, number);
    } else {
        dump.extend([b'l', if number < 0 { b'-' } else { b'+' }]);
        push_magnitude(&mut dump, number.unsigned_abs());
    }
    dump
}

/// The dump of a UTF-8 string.
pub(crate) fn dump_string(text: &str) -> Vec<u8> {
    let mut dump = SIGNATURE.to_vec();
    dump.extend(b"I\"");
    push_short(&mut dump, i64::try_from(text.len()).unwrap_or(i64::MAX));
    dump.extend(text.as_bytes());
    dump.extend(b"\x06:\x06ET");
    dump
}

/// The value of a dump; `None` for anything but an integer of 64 bits, `nil`, `true` and `false`.
pub(crate) fn load(dump: &[u8]) -> Option<Value<'static>> {
    match dump.strip_prefix(&SIGNATURE)?.split_first()? {
        (b'i', short) => load_short(short).map(Value::Integer),
        (b'l', long) => load_long(long).map(Value::Integer),
        (b'0', []) => Some(Value::Nil),
        (b'T', []) => Some(Value::Boolean(true)),
        (b'F', []) => Some(Value::Boolean(false)),
        _ => None,
    }
}

/// One byte for small numbers, shifted by five so that 1 to 4 and -1 to -4 can say how many bytes follow.
fn push_short(dump: &mut Vec<u8>, number: i64) {
    let [low, ..] = number.to_le_bytes();
    match number {
        0 => dump.push(0),
        1..123 => dump.push(low + 5),
        -123..0 => dump.push(low.wrapping_sub(5)),
        _ => push_bytes(dump, number),
    }
}

/// The bytes that differ from the sign, least significant first, after their number (negative for a negative one).
fn push_bytes(dump: &mut Vec<u8>, number: i64) {
    let sign: u8 = if number < 0 { 0xff } else { 0 };
    let bytes = number.to_le_bytes();
    let mut count: u8 = 0;
    for (place, byte) in (1..).zip(bytes) {
        if byte != sign {
            count = place;
        }
    }
    dump.push(if number < 0 {
        count.wrapping_neg()
    } else {
        count
    });
    dump.extend(&bytes[..usize::from(count)]);
}

/// Pairs of bytes, least significant first, after the number of pairs.
fn push_magnitude(dump: &mut Vec<u8>, magnitude: u64) {
    let pairs = (64 - magnitude.leading_zeros()).div_ceil(16);
    push_short(dump, i64::from(pairs));
    dump.extend(magnitude.to_le_bytes().iter().take(pairs as usize * 2));
}

fn load_short(dump: &[u8]) -> Option<i64> {
    let (&head, bytes) = dump.split_first()?;
    let head = head.cast_signed();
    match (head, bytes) {
        (0, []) => Some(0),
        (5.., []) => Some(i64::from(head) - 5),
        (..=-5, []) => Some(i64::from(head) + 5),
        (1..=4 | -4..=-1, bytes) if bytes.len() == usize::from(head.unsigned_abs()) => {
            let mut number = if head < 0 { [0xff; 8] } else { [0; 8] };
            number[..bytes.len()].copy_from_slice(bytes);
            Some(i64::from_le_bytes(number))
        }
        _ => None,
    }
}

fn load_long(dump: &[u8]) -> Option<i64> {
    let [sign, pairs, bytes @ ..] = dump else {
        return None;
    };
    let pairs = usize::try_from(load_short(&[*pairs])?).ok()?;
    if bytes.len() != pairs * 2 || pairs > 4 {
        return None;
    }
    let mut magnitude = [0; 8];
    magnitude[..bytes.len()].copy_from_slice(bytes);
    let magnitude = i128::from(u64::from_le_bytes(magnitude));
    match sign {
        b'+' => i64::try_from(magnitude).ok(),
        b'-' => i64::try_from(-magnitude).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Ruby 3 writes.
    const INTEGERS: &[(i64, &[u8])] = &[
        (0, b"\x04\x08i\x00"),
        (1, b"\x04\x08i\x06"),
        (122, b"\x04\x08i\x7f"),
        (123, b"\x04\x08i\x01\x7b"),
        (255, b"\x04\x08i\x01\xff"),
        (256, b"\x04\x08i\x02\x00\x01"),
        (65_535, b"\x04\x08i\x02\xff\xff"),
        (65_536, b"\x04\x08i\x03\x00\x00\x01"),
        (16_777_215, b"\x04\x08i\x03\xff\xff\xff"),
        (16_777_216, b"\x04\x08i\x04\x00\x00\x00\x01"),
        (1_073_741_823, b"\x04\x08i\x04\xff\xff\xff\x3f"),
        (1_073_741_824, b"\x04\x08l+\x07\x00\x00\x00\x40"),
        (-1, b"\x04\x08i\xfa"),
        (-123, b"\x04\x08i\x80"),
        (-124, b"\x04\x08i\xff\x84"),
        (-256, b"\x04\x08i\xff\x00"),
        (-257, b"\x04\x08i\xfe\xff\xfe"),
        (-65_536, b"\x04\x08i\xfe\x00\x00"),
        (-65_537, b"\x04\x08i\xfd\xff\xff\xfe"),
        (-1_073_741_824, b"\x04\x08i\xfc\x00\x00\x00\xc0"),
        (-1_073_741_825, b"\x04\x08l-\x07\x01\x00\x00\x40"),
        (4_294_967_296, b"\x04\x08l+\x08\x00\x00\x00\x00\x01\x00"),
        (i64::MAX, b"\x04\x08l+\x09\xff\xff\xff\xff\xff\xff\xff\x7f"),
        (i64::MIN, b"\x04\x08l-\x09\x00\x00\x00\x00\x00\x00\x00\x80"),
    ];

    #[test]
    fn integers_are_written_as_ruby_writes_them() {
        for (number, dump) in INTEGERS {
            assert_eq!(dump_integer(*number), *dump, "{number}");
        }
    }

    #[test]
    fn integers_of_ruby_are_read() {
        for (number, dump) in INTEGERS {
            assert_eq!(load(dump), Some(Value::Integer(*number)), "{number}");
        }
    }

    #[test]
    fn anything_else_is_no_value() {
        let too_large = b"\x04\x08l+\x09\x00\x00\x00\x00\x00\x00\x00\x80";
        let truncated = [
            &b"\x04\x08"[..],
            b"\x04\x08i",
            b"\x04\x08i\x02\x01",
            b"\x04\x08l+\x09\x01",
        ];
        for dump in [
            &too_large[..],
            b"",
            b"\x04\x08[\x00",
            b"\x04\x09i\x00",
            b"\x04\x08i\x06\x06",
        ]
        .into_iter()
        .chain(truncated)
        {
            assert_eq!(load(dump), None, "{dump:?}");
        }
    }

    #[test]
    fn a_string_is_written_as_ruby_writes_it() {
        assert_eq!(
            dump_string("\x04\x08x"),
            b"\x04\x08I\"\x08\x04\x08x\x06:\x06ET"
        );
    }
}
