#include "io/s3/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::io {
namespace {

using testing::HasSubstr;

TEST(XmlTest, ElementsTextAndEntitiesAreRead) {
  const auto root = ParseXml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Name> b </Name><Contents><Key>a&amp;&#252;</Key></Contents>"
      "<Contents><Key><![CDATA[<x>]]></Key></Contents><Empty/></ListBucketResult>");
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  EXPECT_EQ(root->name, "ListBucketResult");
  EXPECT_EQ(root->ChildText("Name"), "b");
  ASSERT_EQ(root->children.size(), 4U);
  EXPECT_EQ(root->children[1].ChildText("Key"), "a&ü");
  EXPECT_EQ(root->children[2].ChildText("Key"), "<x>");
  EXPECT_EQ(root->ChildText("Empty"), "");
  EXPECT_EQ(root->Child("Missing"), nullptr);
  EXPECT_EQ(root->ChildText("Missing"), "");
}

TEST(XmlTest, BrokenDocumentsAreCorrupt) {
  for (const char* text : {"", " ", "no xml", "<a>", "<a></b>", "<a/><b/>", "<a>&none;</a>",
                           "{\"json\": 1}", "<a>\x01</a>"}) {
    const auto root = ParseXml(text);
    ASSERT_FALSE(root.ok()) << text;
    EXPECT_EQ(root.error().kind(), ErrorKind::kCorrupt) << text;
  }
}

TEST(XmlTest, ADoctypeAndDeepNestingAreRefused) {
  const auto bomb = ParseXml("<!DOCTYPE a [<!ENTITY x \"xxxx\">]><a>&x;&x;</a>");
  ASSERT_FALSE(bomb.ok());
  EXPECT_THAT(bomb.error().message(), HasSubstr("DOCTYPE"));
  std::string deep;
  for (int i = 0; i < 100'000; i++) deep += "<a>";
  const auto nested = ParseXml(deep);
  ASSERT_FALSE(nested.ok());
  EXPECT_THAT(nested.error().message(), HasSubstr("nests too deep"));
}

TEST(XmlTest, EscapedTextReadsBackAsItWas) {
  const std::string text = "a<b>&\"c'";
  EXPECT_EQ(ParseXml("<x>" + EscapeXml(text) + "</x>")->text, text);
}

}  // namespace
}  // namespace leat::io
