// Every word of the tip site, in Chinese and English.
#pragma once

#include <array>
#include <string_view>

namespace openday::hub {

enum class Tongue { kZh, kEn };
constexpr std::string_view tag_of(Tongue tongue) {
  return tongue == Tongue::kZh ? "zh-CN" : "en";
}

struct Phrase {
  std::string_view zh;
  std::string_view en;
  [[nodiscard]] constexpr std::string_view in(Tongue tongue) const { return tongue == Tongue::kZh ? zh : en; }
};

namespace phrase {

inline constexpr Phrase kTitle{"提供线索", "Send a tip"};
inline constexpr Phrase kOtherTongue{"English", "中文"};
inline constexpr Phrase kSkip{"跳到表单", "Skip to the form"};
inline constexpr Phrase kEmergency{"紧急情况", "In an emergency"};
// With a number behind the first and before the second; without one, the third.
inline constexpr Phrase kEmergencyCall{"如有人正处于危险之中，请立即拨打 ",
                                       "If somebody is in danger now, call "};
inline constexpr Phrase kEmergencySlow{"。这里的内容不会被即时查看。",
                                       ". What is sent here is not read at once."};
inline constexpr Phrase kEmergencyHelp{
    "如有人正处于危险之中，请立即求助。这里的内容不会被即时查看。",
    "If somebody is in danger now, get help at once. What is sent here is not read at once."};
inline constexpr Phrase kCall{"拨打 ", "Call "};
inline constexpr Phrase kPrivacy{"我们如何保护您", "How this is kept confidential"};
inline constexpr Phrase kPrivacyText{
    "您写的内容在保存之前即被加密，只有指定的办案人员能够打开；系统管理员不能。\n\n"
    "本页不使用 Cookie，不记录您的网络地址，时间只保留到分钟。您不必留下姓名。\n\n"
    "您的网络服务商或单位网络的管理者可能看到您访问过本网站。如有顾虑，请使用自己的设备和网络。",
    "What you write is encrypted before it is stored, and opens for the officers in charge only; the "
    "administrator cannot read it.\n\n"
    "This page sets no cookies and keeps no network address; times are kept to the minute. You need not give "
    "a "
    "name.\n\n"
    "Whoever runs your network may see that you visited this site. If that worries you, use a device and a "
    "network of your own."};
inline constexpr Phrase kForm{"您要反映的情况", "What you want to tell us"};
inline constexpr Phrase kKind{"类型", "What is it?"};
inline constexpr std::array kKindNames = {
    Phrase{"案件线索", "A lead in a case"}, Phrase{"举报", "A report of wrongdoing"},
    Phrase{"咨询", "A question"}, Phrase{"意见建议", "Feedback"}, Phrase{"其他", "Something else"}};
inline constexpr Phrase kBroadcast{"相关直播", "Which broadcast?"};
inline constexpr Phrase kNoBroadcast{"与直播无关", "None"};
inline constexpr Phrase kMoment{"画面播出时间（可选）", "Moment in the broadcast (optional)"};
inline constexpr Phrase kMomentHint{"画面播出的日期和时间，可以修改。时区：",
                                    "Date and time at which it was shown. You may change it. Time zone: "};
inline constexpr Phrase kText{"内容", "Your message"};
inline constexpr Phrase kTextHint{"最多 10000 字。请写明时间、地点和您看到的情况。",
                                  "Up to 10,000 characters. When and where was it, and what did you see?"};
inline constexpr Phrase kContact{"联系方式（可选）", "How to reach you (optional)"};
inline constexpr Phrase kContactHint{"留空也可以：凭回执即可查看答复。",
                                     "You may leave it empty: the receipt lets you read our answer."};
inline constexpr Phrase kPhotos{"照片（可选，最多 5 张）", "Photos (optional, up to five)"};
inline constexpr Phrase kPhotosHint{
    "JPEG、PNG 或 WebP，每张不超过 12 MB。拍摄地点、时间和设备等信息会被去除。",
    "JPEG, PNG or WebP, 12 MB each at most. Where, when and with what they were taken is removed."};
inline constexpr Phrase kSend{"提交", "Send"};
inline constexpr Phrase kHaveReceipt{"已有回执？查看答复", "You have a receipt? Read the answer"};

inline constexpr Phrase kSent{"已收到", "We have received it"};
inline constexpr Phrase kReceipt{"您的回执", "Your receipt"};
inline constexpr Phrase kReceiptOnce{
    "这个号码只显示这一次。凭它可以查看答复并继续补充；没有它，任何人（包括我们）都无法为您找回。",
    "This number is shown only now. With it you can read our answer and write again; nobody, we included, "
    "can find "
    "it for you later."};
inline constexpr Phrase kReceiptKeep{
    "请抄在纸上或打印本页。不要用聊天软件转发，也不要告诉别人：知道号码的人都能看到您的内容。",
    "Write it down or print this page. Do not pass it on in a messenger or tell anybody: whoever knows it "
    "can read "
    "what you wrote."};
inline constexpr Phrase kNext{"接下来", "What happens next"};
inline constexpr Phrase kNextText{"办案人员会阅读并在本站答复。请过一两天再来查看。",
                                  "An officer reads it and answers here. Come back in a day or two."};

inline constexpr Phrase kAnswerTitle{"查看答复", "Read the answer"};
inline constexpr Phrase kReceiptField{"回执号码（24 位数字）", "Receipt (24 digits)"};
inline constexpr Phrase kOpen{"查看", "Open"};
inline constexpr Phrase kUnknown{
    "没有找到这个回执。请重新输入，并逐位核对。",
    "There is nothing for this receipt. Type it again, and compare every digit."};
inline constexpr Phrase kDialog{"您与我们的往来", "Between you and us"};
inline constexpr Phrase kYou{"您", "You"};
inline constexpr Phrase kUs{"答复", "Answer"};
inline constexpr Phrase kState{"状态", "State"};
inline constexpr std::array kStateNames = {Phrase{"已收到，尚未处理", "Received, not read yet"},
                                           Phrase{"正在处理", "Being worked on"},
                                           Phrase{"已答复", "Answered"}, Phrase{"已办结", "Closed"}};
inline constexpr Phrase kMore{"补充说明", "Write again"};
inline constexpr Phrase kWritten{"已补充。", "Your message has been added."};
inline constexpr Phrase kClosedText{"此线索已办结，不能再补充。如有新情况，请另行提交。",
                                    "This is closed. If there is something new, send another tip."};
inline constexpr Phrase kLeave{"看完后请关闭本页。", "Close this page when you have finished."};
inline constexpr Phrase kBack{"返回首页", "Back to the start"};

inline constexpr Phrase kErrors{"请更正以下内容：", "There is a problem:"};
inline constexpr Phrase kNoText{"请填写内容。", "Write your message."};
inline constexpr Phrase kTextTooLong{"内容超过 10000 字。", "Your message is longer than 10,000 characters."};
inline constexpr Phrase kBadText{"内容含有无法保存的字符。",
                                 "Your message holds characters that cannot be kept."};
inline constexpr Phrase kBadKind{"请选择类型。", "Say what it is."};
inline constexpr Phrase kBadMoment{"时间格式应为 2026-12-01 09:30:00。",
                                   "Write the moment as 2026-12-01 09:30:00."};
inline constexpr Phrase kUnknownBroadcast{"所选直播已不存在。请重新选择。",
                                          "The chosen broadcast is not there any more. Choose again."};
inline constexpr Phrase kMomentOutside{
    "所选直播在这个时间没有播出。请修改时间，或留空。",
    "The broadcast was not on at this moment. Change it, or leave it empty."};
inline constexpr Phrase kBadContact{"联系方式过长（最多 200 字）。",
                                    "How to reach you is too long (200 characters)."};
inline constexpr Phrase kBadReceipt{"回执应为 24 位数字。", "A receipt has 24 digits."};
inline constexpr Phrase kPhotoKind{
    "无法识别。请使用 JPEG、PNG 或 WebP（非动图）；HEIC 照片请先存为 JPEG，然后重新选择全部照片。",
    "we do not understand it. Use JPEG, PNG or WebP, not animated; save HEIC photos as JPEG. Then choose all "
    "photos again."};
inline constexpr Phrase kPhotoTooLarge{
    "过大（每张最多 12 MB、5000 万像素）。请缩小后重新选择全部照片。",
    "it is too large (12 MB and 50 megapixels at most). Make it smaller, then choose all photos again."};
inline constexpr Phrase kPhotoBroken{"已损坏或不完整。请换一张，然后重新选择全部照片。",
                                     "it is damaged or not complete. Leave it out or send another, and "
                                     "choose all photos again."};
inline constexpr Phrase kPhotoTooSlow{
    "处理时间过长。请缩小后重新选择全部照片。",
    "it took too long to read. Make it smaller, then choose all photos again."};
inline constexpr Phrase kPhotosAgain{"照片没有保留，请重新选择照片。",
                                     "Your photos were not kept. Choose your photos again."};
inline constexpr Phrase kTooManyPhotos{"最多可以附 5 张照片，请重新选择。",
                                       "There may be five photos at most. Choose them again."};
inline constexpr Phrase kNoPhotosNow{"现在无法接收照片。您可以先不附照片提交。",
                                     "Photos cannot be taken just now. You may send the tip without them."};
inline constexpr Phrase kTooManyPhotosNow{
    "现在提交的人较多。请过一分钟重新选择照片再提交，或先不附照片提交。",
    "Too many are sending just now. Choose your photos again and send in a minute, or send without them."};
inline constexpr Phrase kTooSlowNow{
    "现在提交的人较多，您的照片上传太慢，已中断。请先不附照片提交；凭回执不能补交照片，可以稍后附上照片另行提"
    "交。",
    "Many are sending just now, and your photos came too slowly. Send without them now. Photos cannot be "
    "added "
    "with the receipt; you may send them later, in another tip."};
inline constexpr Phrase kTooSlow{
    "上传太慢，已中断。请减少或缩小照片后再试。",
    "It came too slowly and was cut off. Try again with fewer or smaller photos."};
inline constexpr Phrase kTooMuch{
    "提交的内容过大，未被接收。最多 5 张照片，每张不超过 12 MB；请减少或缩小后再试。",
    "This was too much to take. Send at most five photos of 12 MB each; leave some out or make them "
    "smaller."};
inline constexpr Phrase kBrokenForm{"内容没有完整到达，请重新提交。",
                                    "What you sent did not arrive whole. Send it again."};
inline constexpr Phrase kTooOften{
    "请求过于频繁，请稍后再试。您填写的内容仍在本页。",
    "Too many requests. Try again in a few minutes; what you wrote is still here."};
// Where nothing was written that could still be there.
inline constexpr Phrase kTooOftenToRead{"请求过于频繁，请稍后重新输入回执。",
                                        "Too many requests. Try again in a few minutes, with your receipt."};
inline constexpr Phrase kTroubleReading{
    "暂时无法查询，请稍后重新输入回执。",
    "It cannot be looked up just now. Try again in a few minutes, with your receipt."};
inline constexpr Phrase kFull{"此处不能再补充，请另行提交。", "No more can be added here. Send another tip."};
inline constexpr Phrase kTrouble{
    "暂时无法保存，请稍后再试。您填写的内容仍在本页。",
    "It cannot be stored just now. Try again in a few minutes; what you wrote is still "
    "here."};
inline constexpr Phrase kNotFounded{"本单位目前不接收线索。", "This institution takes no tips at present."};
inline constexpr Phrase kNotFound{"页面不存在。", "There is nothing here."};

}  // namespace phrase

}  // namespace openday::hub
