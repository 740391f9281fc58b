// Errors as values. Result<T> is [[nodiscard]], so an ignored failure does not compile silently.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace leat {

// Named after what the caller does next, not after the library that failed (that is in the
// message).
enum class ErrorKind {
  kInvalidInput,    // the user fixes the input
  kNotFound,        // it does not exist
  kAlreadyExists,   // it exists already
  kConflict,        // somebody else changed it first: re-read and decide again
  kDenied,          // permission is missing
  kRetryLater,      // the same call may succeed later
  kCancelled,       // the user or a deadline stopped it
  kOutcomeUnknown,  // it may or may not have happened: never clean up after it
  kCorrupt,         // stored data contradicts itself
  kBug,             // a promise inside Leat was broken
};

// "invalid input", "not found", ...: the kind in words for messages and logs.
const char* ToString(ErrorKind kind);

// A place in a user's file, or, without a file, in the text that a function was given. Line and
// column count from 1; 0 means unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  // "file:line:column", leaving out what is unknown.
  std::string ToString() const;
  bool operator==(const Location&) const = default;
};

class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  const std::optional<Location>& location() const { return location_; }

  // What the user should do next; printed after the message.
  Error WithHint(std::string hint) &&;
  Error At(Location location) &&;
  // Puts "context: " before the message.
  Error WithContext(const std::string& context) &&;

  // "file:line:column: message", without the place if no file is known.
  std::string PlacedMessage() const;
  // The same, and the hint in a line of its own.
  std::string ToString() const;

 private:
  ErrorKind kind_;
  std::string message_;
  std::string hint_;
  std::optional<Location> location_;
};

inline Error InvalidInput(std::string m) { return {ErrorKind::kInvalidInput, std::move(m)}; }
inline Error NotFound(std::string m) { return {ErrorKind::kNotFound, std::move(m)}; }
inline Error AlreadyExists(std::string m) { return {ErrorKind::kAlreadyExists, std::move(m)}; }
inline Error Conflict(std::string m) { return {ErrorKind::kConflict, std::move(m)}; }
inline Error Denied(std::string m) { return {ErrorKind::kDenied, std::move(m)}; }
inline Error RetryLater(std::string m) { return {ErrorKind::kRetryLater, std::move(m)}; }
inline Error Cancelled(std::string m) { return {ErrorKind::kCancelled, std::move(m)}; }
inline Error OutcomeUnknown(std::string m) { return {ErrorKind::kOutcomeUnknown, std::move(m)}; }
inline Error Corrupt(std::string m) { return {ErrorKind::kCorrupt, std::move(m)}; }
inline Error Bug(std::string m) { return {ErrorKind::kBug, std::move(m)}; }

// Either a T or an Error. Accessing the wrong side is a programmer's mistake
// (std::bad_variant_access).
template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): implicit by design
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  T value() && { return std::move(std::get<0>(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  const Error& error() const& { return std::get<1>(state_); }
  Error error() && { return std::move(std::get<1>(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool ok() const { return !error_.has_value(); }
  const Error& error() const& { return *error_; }
  Error error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status Ok() { return {}; }

}  // namespace leat

// Returns the error of `expression` (a Status or Result) from the enclosing function.
#define LEAT_TRY(expression)                                  \
  do {                                                        \
    if (auto leat_status = (expression); !leat_status.ok()) { \
      return std::move(leat_status).error();                  \
    }                                                         \
  } while (false)

#define LEAT_CONCAT_INNER(a, b) a##b
#define LEAT_CONCAT(a, b) LEAT_CONCAT_INNER(a, b)

// LEAT_ASSIGN(auto x, MakeX()): binds the value, or returns the error.
#define LEAT_ASSIGN(declaration, expression) \
  LEAT_ASSIGN_INNER(LEAT_CONCAT(leat_result_, __LINE__), declaration, expression)
#define LEAT_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return std::move(result).error();      \
  declaration = std::move(result).value()
