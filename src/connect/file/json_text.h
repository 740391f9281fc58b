// Texts of JSON: the parts of its grammar that need no parser.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace leat::connect {

// The text between a string's quotes without its escapes, in UTF-8, in place of what `to` held.
// False: an escape that JSON does not have, or half a surrogate pair.
bool UnescapeJson(std::string_view raw, std::string& to);

// Without blanks and line breaks at both ends, as JSON knows them.
std::string_view TrimJson(std::string_view text);

// Whether brackets outside of strings are open more than `depth` deep at any place.
bool IsNestedDeeper(std::string_view text, int depth);

// Cuts a document, which may come in parts, into its top-level values by brackets, quotes and
// escapes alone: the elements of one array, or values one after another. Whether a piece is a value
// is for a parser to say. Not thread-safe.
class JsonSplitter {
 public:
  struct Piece {
    std::size_t begin = 0;
    std::size_t size = 0;
    // It stands where no value may: behind a missing comma or the array's end, or a comma too many;
    // or is a value with something else right behind it. Empty at the end of an array that is not
    // closed.
    bool is_damage = false;
  };

  // Goes on where the last call ended. `text` is the text of the last call, with more behind it
  // unless `is_last`: then no more follows. Pieces are those that end in the text.
  void Split(std::string_view text, bool is_last, std::vector<Piece>& pieces);
  // Takes `size_bytes`, at most done(), from the text's beginning.
  void Drop(std::size_t size_bytes);
  // All before it is in pieces, or separates them.
  std::size_t done() const {
    if (state_ != State::kBetween) return begin_;
    return needs_value_ ? comma_ : at_;
  }

 private:
  enum class State { kBetween, kScalar, kString, kNested, kNestedString, kEnded, kGarbage };
  enum class Layout { kUnknown, kArray, kValues, kBehindArray };

  void Between(std::string_view text, bool is_last, std::vector<Piece>& pieces);
  void Separator(char c, std::vector<Piece>& pieces);
  void Begin(char c);
  bool IsBehindValue(std::string_view text) const;
  void End(std::vector<Piece>& pieces);
  void Finish(std::vector<Piece>& pieces);
  void SkipString(std::string_view text, State behind);

  State state_ = State::kBetween;
  Layout layout_ = Layout::kUnknown;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;     // of the value that is being read
  std::size_t comma_ = 0;     // the last, while needs_value_
  std::size_t depth_ = 0;     // of brackets within the value
  bool is_escaped_ = false;   // the character at at_, in a string
  bool is_at_begin_ = true;   // of the document: a byte order mark may follow
  bool needs_value_ = false;  // behind a comma of the array
  bool needs_comma_ = false;  // behind a value of the array
};

}  // namespace leat::connect
