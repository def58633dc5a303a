//! The attachments of the demo: a small real picture and a small real recording.

use client::sha256;
use serde_json::{Value, json};

/// A tent, as a PNG of 16 by 16 pixels.
pub(super) const PICTURE: &[u8] = b"\
    \x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x10\x00\x00\x00\x10\x08\
    \x03\x00\x00\x00\x28\x2d\x0f\x53\x00\x00\x00\x09\x50\x4c\x54\x45\x96\xc8\xf0\xc8\x5a\x28\x5a\x8c\x46\
    \x74\xed\xe0\xc9\x00\x00\x00\x29\x49\x44\x41\x54\x78\xda\x9d\xc8\xb1\x0d\x00\x20\x10\x00\x21\x71\xff\
    \xa1\xad\xff\x2c\x4c\xa4\x64\xad\x6f\x3c\x82\x4c\x83\x39\x64\x1a\xcc\x21\xd3\x60\xce\x8e\x2b\x0e\x24\
    \xfd\x00\x93\x50\xd2\xe7\x72\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// The BlurHash of the picture, with 1 by 1 components: one colour.
const BLUR_HASH: &str = "00I}XR";

/// The declaration of the picture for a chat.
pub(super) fn picture_request(chat: &str) -> Value {
    json!({
        "chatId": chat, "type": "image", "fileName": "tent.png", "contentType": "image/png",
        "width": 16, "height": 16, "blurHash": BLUR_HASH,
        "sizeBytes": PICTURE.len(), "sha256": sha256(PICTURE),
    })
}

/// The length of the recording.
pub(super) const RECORDING_MS: u64 = 250;

/// A tone of 440 Hz that fades, as WAV: one channel of 8 bits, 8000 samples a second.
pub(super) fn recording() -> Vec<u8> {
    const RATE: u32 = 8000;
    let count = RATE / 4;
    let header: [&[u8]; 13] = [
        b"RIFF",
        &(36 + count).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &RATE.to_le_bytes(),
        &RATE.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &8_u16.to_le_bytes(),
        b"data",
        &count.to_le_bytes(),
    ];
    let mut bytes = header.concat();
    // A square wave, because it can be computed with integers.
    bytes.extend((0..count).map(|sample| {
        let loud = 100 - 100 * sample / count;
        let high = (sample * 880 / RATE).is_multiple_of(2);
        u8::try_from(if high { 128 + loud } else { 128 - loud }).unwrap_or(128)
    }));
    bytes
}
