//! Commands for attachments: create one, and download the one of a message.

use super::seq;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::attachment::{AttachmentLimits, Media};
use domain::content::MessageType;
use domain::file::ContentType;
use domain::ids::{ChatId, Seq, UserId};
use domain::number::MAX_WHOLE_NUMBER;
use domain::use_cases::CreateAttachment;

/// `{chatId, type, fileName, contentType, sizeBytes, sha256}`; for an image also `{width, height, blurHash}`, for a
/// recording `{durationMs}`. `limits` say which types and sizes are allowed.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn create_attachment(
    Request { caller, mut fields, .. }: Request,
    limits: &AttachmentLimits,
) -> Result<CreateAttachment, Problem> {
    let chat = fields.required("chatId");
    let kind = fields.required::<MessageType>("type");
    let file_name = fields.required("fileName");
    let content_type = fields.required::<ContentType>("contentType");
    let size_bytes = between(&mut fields, "sizeBytes", MAX_WHOLE_NUMBER);
    if let Some(limit) = kind.and_then(|kind| limits.of_type(kind)) {
        let wrong_type = content_type.as_ref().and_then(|content_type| limit.check_content_type(content_type).err());
        let wrong_size = size_bytes.and_then(|size_bytes| limit.check_size(size_bytes).err());
        wrong_type.into_iter().chain(wrong_size).for_each(|error| fields.problem(error));
    }
    let sha256 = fields.required("sha256");
    let media = match kind {
        Some(MessageType::Image) => {
            let (width, height) = (side(&mut fields, "width"), side(&mut fields, "height"));
            let blur_hash = fields.required("blurHash");
            width.zip(height).zip(blur_hash).map(|((width, height), blur_hash)| Media::Image {
                width,
                height,
                blur_hash,
            })
        }
        Some(MessageType::Audio) => {
            between(&mut fields, "durationMs", Media::MAX_DURATION_MS).map(|duration_ms| Media::Audio { duration_ms })
        }
        Some(MessageType::File) => Some(Media::File),
        Some(MessageType::Text) => {
            fields.wrong("type", "must be image, file or audio");
            None
        }
        // Which fields there are depends on the type, so none of these is wrong.
        None => {
            ["width", "height", "blurHash", "durationMs"].into_iter().for_each(|name| fields.ignore(name));
            None
        }
    };
    fields.finish(|| {
        Some(CreateAttachment {
            user: caller.user,
            chat: chat?,
            file_name: file_name?,
            content_type: content_type?,
            size_bytes: size_bytes?,
            sha256: sha256?,
            media: media?,
        })
    })
}

/// `{chatId, seq}`: returns the caller, the chat and the message whose attachment the caller wants.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn get_attachment(Request { caller, mut fields, .. }: Request) -> Result<(UserId, ChatId, Seq), Problem> {
    let chat = fields.required("chatId");
    let seq = seq(&mut fields);
    fields.finish(|| Some((caller.user, chat?, seq?)))
}

/// `{chatId}`: returns the caller and the chat whose avatar the caller wants.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn get_avatar(Request { caller, mut fields, .. }: Request) -> Result<(UserId, ChatId), Problem> {
    let chat = fields.required("chatId");
    fields.finish(|| Some((caller.user, chat?)))
}

/// The width or height of an image, in pixels.
fn side(fields: &mut Fields, name: &str) -> Option<u32> {
    between(fields, name, Media::MAX_SIDE_PIXELS.into()).and_then(|pixels| u32::try_from(pixels).ok())
}

/// A required number from 1 to `max`.
fn between(fields: &mut Fields, name: &str, max: u64) -> Option<u64> {
    match fields.number(name)? {
        Some(number) if (1..=max).contains(&number) => return Some(number),
        Some(_) if max == MAX_WHOLE_NUMBER => fields.wrong(name, "must be 1 or more"),
        Some(_) => fields.wrong(name, format!("must be 1 to {max}")),
        None => fields.wrong(name, "is required"),
    }
    None
}
