#include "orchestrate/shape_changes.h"

#include <algorithm>

#include "base/text.h"

namespace leat::orchestrate {
namespace {

const data::Field* FindField(const std::vector<data::Field>& fields, const std::string& name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const data::Field& field) {
    return EqualsIgnoreCase(field.name, name);
  });
  return found == fields.end() ? nullptr : &*found;
}

class Comparison {
 public:
  explicit Comparison(bool keeps) : keeps_(keeps) {}

  void Fields(const std::vector<data::Field>& before, const std::vector<data::Field>& now,
              const std::string& parent) {
    for (const data::Field& field : now) {
      const std::string path = parent + field.name;
      const data::Field* known = FindField(before, field.name);
      if (known == nullptr) {
        lines.push_back("new column " + path + " (" + field.type.ToString() + ")");
      } else {
        Types(known->type, field.type, path);
      }
    }
    for (const data::Field& field : before) {
      if (FindField(now, field.name) != nullptr) continue;
      const std::string path = parent + field.name;
      lines.push_back(keeps_ ? "no column " + path + " in the new rows: it is null in them"
                             : "column " + path + " is gone");
    }
  }

  std::vector<std::string> lines;

 private:
  void Types(const data::Type& before, const data::Type& now, const std::string& path) {
    if (before == now) return;
    const bool is_nested = before.kind == now.kind && !now.children.empty();
    if (is_nested && now.kind == data::TypeKind::kStruct) {
      return Fields(before.children, now.children, path + ".");
    }
    if (is_nested && before.children.size() == now.children.size()) {
      for (std::size_t i = 0; i < now.children.size(); i++) {
        Types(before.children[i].type, now.children[i].type, path + "." + now.children[i].name);
      }
      return;
    }
    lines.push_back("column " + path + " is now " + now.ToString() + ", was " + before.ToString());
  }

  const bool keeps_;
};

}  // namespace

std::vector<std::string> ShapeChanges(const data::Schema& before, const data::Schema& now,
                                      bool keeps) {
  Comparison comparison(keeps);
  comparison.Fields(before.fields, now.fields, "");
  return std::move(comparison.lines);
}

}  // namespace leat::orchestrate
