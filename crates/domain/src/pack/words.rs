//! What an organisation says in its own words: names of posts, courtesy, pledge, answers (L2, L3).

use super::Text;
use crate::id::{CapacityId, CategoryId, DepartmentId};
use serde::{Deserialize, Serialize};

/// What things and posts are called here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// 栋, 幢, 号楼 or 座; none where addresses have no buildings.
    pub building: Option<Text>,
    /// 管理处主任 or 项目经理.
    pub director: Text,
    /// 质检部 or 品质部.
    pub quality: Text,
    /// In which capacities customers come, in the order in which they are offered.
    pub capacities: Vec<Capacity>,
}

/// In which capacity a customer comes: owner, tenant, visitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    pub id: CapacityId,
    pub name: Text,
}

/// What to say, and when (L2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Courtesy {
    pub when: Text,
    pub say: Text,
}

/// 服务公约 (L2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pledge {
    pub title: Text,
    pub lines: Vec<Text>,
}

/// The answer to a common question (L3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonAnswer {
    pub question: Text,
    pub answer: Text,
    /// Whose matter it is, to be asked for more.
    pub department: Option<DepartmentId>,
    /// Under which a case about it is recorded.
    pub category: Option<CategoryId>,
    /// Other words by which it is looked for.
    pub words: Vec<String>,
}
