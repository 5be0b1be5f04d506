//! What lasts longer than a request should: a download in pieces, and a WebSocket that gives back what it gets. Both say
//! which version they are of, for they may outlive its time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::http::Request;
use crate::server::Stop;

/// Lines of a download that are sent in one piece.
const LINES_A_PIECE: u64 = 64;

/// Longest message of a WebSocket.
const LONGEST_MESSAGE: u64 = 1 << 16;

/// What RFC 6455 appends to a client's key.
const SALT: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// `/download?lines=N&ms=M`: so many lines of 16 bytes, each with its number, over so many milliseconds.
pub(crate) fn download(mut to: &TcpStream, request: &Request, version: &str) -> io::Result<()> {
    let number = |name| {
        request
            .query(name)
            .and_then(|text| text.parse::<u64>().ok())
    };
    let (lines, millis) = (number("lines").unwrap_or(1), number("ms").unwrap_or(0));
    let length = lines.saturating_mul(16);
    to.write_all(
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-version: {version}\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        )
        .as_bytes(),
    )?;
    let pause = Duration::from_millis(millis / lines.div_ceil(LINES_A_PIECE).max(1));
    let mut sent = 0;
    while sent < lines {
        let until = lines.min(sent + LINES_A_PIECE);
        let piece: String = (sent..until).map(|nth| format!("{nth:015}\n")).collect();
        to.write_all(piece.as_bytes())?;
        sent = until;
        thread::sleep(pause);
    }
    Ok(())
}

/// `/socket`: every text comes back with the version before it, until the client says good-bye or is gone; or, when the
/// service is told to stop, until the next message.
pub(crate) fn socket(
    stream: &TcpStream,
    from: &mut impl Read,
    key: &str,
    version: &str,
    stop: &Stop,
) -> io::Result<()> {
    let mut to = stream;
    let accept = base64(&sha1(format!("{key}{SALT}").as_bytes()));
    to.write_all(
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        )
        .as_bytes(),
    )?;
    while !stop.within(Duration::ZERO) {
        match read_frame(from)? {
            (Kind::Text, text) => {
                let text = format!("{version} {}", String::from_utf8_lossy(&text));
                write_frame(&mut to, Kind::Text, text.as_bytes())?;
            }
            (Kind::Ping, body) => write_frame(&mut to, Kind::Pong, &body)?,
            (Kind::Pong, _) => {}
            (Kind::Close, body) => return write_frame(&mut to, Kind::Close, &body),
        }
    }
    // 1001: it goes away.
    write_frame(&mut to, Kind::Close, &1001_u16.to_be_bytes())
}

/// A frame's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text = 1,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// A client's frame: whole, for none of ours is in fragments, and masked.
fn read_frame(from: &mut impl Read) -> io::Result<(Kind, Vec<u8>)> {
    let mut head = [0; 2];
    from.read_exact(&mut head)?;
    let kind = match head[0] {
        0x81 => Kind::Text,
        0x88 => Kind::Close,
        0x89 => Kind::Ping,
        0x8a => Kind::Pong,
        _ => return Err(ErrorKind::InvalidData.into()),
    };
    let length = match head[1] & 0x7f {
        126 => {
            let mut long = [0; 2];
            from.read_exact(&mut long)?;
            u64::from(u16::from_be_bytes(long))
        }
        127 => return Err(ErrorKind::InvalidData.into()),
        short => u64::from(short),
    };
    if head[1] & 0x80 == 0 || length >= LONGEST_MESSAGE {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut mask = [0; 4];
    from.read_exact(&mut mask)?;
    let mut body = Vec::new();
    from.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    for (byte, mask) in body.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok((kind, body))
}

/// A server's frame, unmasked.
fn write_frame(to: &mut impl Write, kind: Kind, body: &[u8]) -> io::Result<()> {
    let mut frame = vec![0x80 | kind as u8];
    match u8::try_from(body.len()) {
        Ok(short) if short < 126 => frame.push(short),
        Ok(_) | Err(_) => {
            let length = u16::try_from(body.len()).map_err(|_| ErrorKind::InvalidData)?;
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(body);
    to.write_all(&frame)
}

/// RFC 3174. It protects nothing here: a WebSocket's greeting wants it.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    let mut state: [u32; 5] = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    for block in padded.chunks_exact(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        for at in 16..80 {
            words[at] =
                (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at {
                0..20 => (b & c | !b & d, 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = [mixed, e, constant, *word]
                .into_iter()
                .fold(a.rotate_left(5), u32::wrapping_add);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for nth in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * nth) & 63) as usize];
            text.push(if nth > three.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_as_the_rfc_does() {
        let accept = |key: &str| base64(&sha1(format!("{key}{SALT}").as_bytes()));
        assert_eq!(
            accept("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        let hex = |text: &[u8]| -> String {
            sha1(text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        };
        assert_eq!(hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
    }

    #[test]
    fn reads_what_is_masked_and_refuses_what_is_not() {
        // RFC 6455, 5.7.
        let mut masked: &[u8] = &[
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        let frame = read_frame(&mut masked).expect("well formed");
        assert_eq!(frame, (Kind::Text, b"Hello".to_vec()));
        let mut plain: &[u8] = &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        assert!(read_frame(&mut plain).is_err());
        let mut torn: &[u8] = &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f];
        assert!(read_frame(&mut torn).is_err_and(|it| it.kind() == ErrorKind::UnexpectedEof));
    }

    #[test]
    fn writes_short_and_long_frames() {
        let written = |length: usize| {
            let mut to = Vec::new();
            write_frame(&mut to, Kind::Text, &vec![b'x'; length]).expect("a vector takes all");
            to
        };
        assert_eq!(written(5)[..2], [0x81, 5]);
        assert_eq!(written(126)[..4], [0x81, 126, 0, 126]);
        assert_eq!(written(300)[..4], [0x81, 126, 1, 44]);
    }
}
