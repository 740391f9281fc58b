#include "base/result.h"

namespace leat {

const char* ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidInput: return "invalid input";
    case ErrorKind::kNotFound: return "not found";
    case ErrorKind::kAlreadyExists: return "already exists";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kDenied: return "denied";
    case ErrorKind::kRetryLater: return "retry later";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kOutcomeUnknown: return "outcome unknown";
    case ErrorKind::kCorrupt: return "corrupt";
    case ErrorKind::kBug: return "bug";
  }
  return "bug";
}

std::string Location::ToString() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

Error Error::WithHint(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

Error Error::At(Location location) && {
  location_ = std::move(location);
  return std::move(*this);
}

Error Error::WithContext(const std::string& context) && {
  message_ = context + ": " + message_;
  return std::move(*this);
}

std::string Error::PlacedMessage() const {
  return location_ && !location_->file.empty() ? location_->ToString() + ": " + message_ : message_;
}

std::string Error::ToString() const {
  std::string text = PlacedMessage();
  if (!hint_.empty()) text += "\n  hint: " + hint_;
  return text;
}

}  // namespace leat
