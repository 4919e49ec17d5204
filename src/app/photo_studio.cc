#include "app/photo_studio.h"

#include <optional>
#include <utility>

#include "photo/clean.h"
#include "photo/photo_file.h"

namespace openday::app {
namespace {

static_assert(hub::PhotoCleaner::kMostBytes == photo::kMostPhotoBytes);

/// What the process says is not believed, but for the kind of failure; the words are ours.
Error refusal(const std::string& code) {
  if (code == name_of(Errc::kUnsupported))
    return {Errc::kUnsupported,
            "photos must be JPEG, PNG or WebP, not animated; save HEIC and AVIF photos as JPEG"};
  if (code == name_of(Errc::kLimit))
    return {Errc::kLimit, "the photo is too large: 12 MB and 50 megapixels at most"};
  return {Errc::kInvalid, "the photo is damaged or not complete"};
}

/// Strips what it gave as if a stranger had: a photo may have taken the process over.
Result<Bytes> checked(const SharedBytes& jpeg) {
  auto file = photo::read_photo_file(jpeg ? ByteView(*jpeg) : ByteView());
  bool good = file && file->kind == photo::PhotoKind::kJpeg && file->width <= photo::kLongestSide &&
              file->height <= photo::kLongestSide;
  if (!good) return std::unexpected(refusal(""));
  return std::move(file->essence);
}

}  // namespace

PhotoStudio::PhotoStudio(Loop& loop, Log log, Options options)
    : loop_(loop), log_(loop, std::move(log)), options_(std::move(options)) {}

PhotoStudio::~PhotoStudio() {
  *alive_ = false;
  for (const Work& work : working_) loop_.cancel(work.timer);
}

void PhotoStudio::later(std::function<void(Result<Bytes>)> then, Error error) {
  loop_.after(Duration(0), [alive = alive_, then = std::move(then), error = std::move(error)] {
    if (*alive) then(std::unexpected(error));
  });
}

void PhotoStudio::clean(SharedBytes photo, std::function<void(Result<Bytes>)> then) {
  if (photo->size() > kMostBytes) return later(std::move(then), refusal(name_of(Errc::kLimit)));
  if (working_.size() < options_.at_once) return start({std::move(photo), std::move(then)});
  if (waiting_.size() >= options_.most_waiting)
    return later(std::move(then), {Errc::kBusy, "too many photos at once; try again in a minute"});
  waiting_.push_back({std::move(photo), std::move(then)});
}

void PhotoStudio::start(Job job) {
  Place work = working_.insert(working_.end(), Work{std::move(job), nullptr, 0, {}});
  Process::Handlers handlers;
  handlers.on_message = [this, work](const link::Message& message) { on_message(work, message); };
  handlers.on_exit = [this, work](const std::string& how) { on_exit(work, how); };
  auto process = Process::spawn(loop_, options_.role, "openday: photo", std::move(handlers));
  if (!process) {
    log_.write(LogLevel::kError, "photo_process_failed", process.error().message);
    later(std::move(work->job.then), {Errc::kIo, "photos cannot be taken now"});
    working_.erase(work);
    return;
  }
  work->process = std::move(*process);
  work->timer = loop_.after(options_.patience, [this, work] {
    log_.write(LogLevel::kWarn, "photo_took_too_long", "it was killed");
    work->result = fail(Errc::kTimeout, "the photo took too long to read; send a smaller one");
    work->process->kill();
  });
  link::Json fields;
  fields["config"] = link::Json::object();
  if (!work->process->send(link::make_message("start", std::move(fields)))) work->process->kill();
}

void PhotoStudio::on_message(Place work, const link::Message& message) {
  if (work->result) return;  // what comes behind the answer means nothing
  if (message.type() == "ready") {
    auto sent = work->process->send(link::make_message("clean", link::Json::object(), work->job.photo));
    if (!sent) work->process->kill();
  } else if (message.type() == "cleaned" || message.type() == "refused") {
    work->result = message.type() == "cleaned"
                       ? checked(message.body)
                       : Result<Bytes>(std::unexpected(refusal(link::text_in(message.head, "code"))));
    work->process->kill();
  }
}

void PhotoStudio::on_exit(Place work, const std::string& how) {
  loop_.cancel(work->timer);
  Result<Bytes> result = std::unexpected(refusal(""));
  if (work->result) {
    result = std::move(*work->result);
  } else {
    log_.write(LogLevel::kWarn, "photo_process_died", how);
  }
  auto then = std::move(work->job.then);
  working_.erase(work);
  if (!waiting_.empty()) {
    Job next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
  then(std::move(result));  // may destroy this
}

}  // namespace openday::app
