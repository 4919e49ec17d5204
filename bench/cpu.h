// CPU seconds and memory of processes, from /proc.
#pragma once

#include <dirent.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace openday::bench {

struct ProcessUse {
  std::string title;  // command line
  double cpu_s = 0;   // user + system, its threads included
  double pss_mb = 0;  // proportional set size
};

inline std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// `root` and all its descendants that live now.
inline std::map<int, ProcessUse> use_of_tree(int root, bool with_memory = false) {
  std::map<int, std::vector<int>> children;
  std::map<int, ProcessUse> all;
  if (DIR* proc = ::opendir("/proc")) {
    while (dirent* entry = ::readdir(proc)) {
      int pid = std::atoi(entry->d_name);
      if (pid <= 0) continue;
      std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
      size_t paren = stat.rfind(')');
      if (paren == std::string::npos) continue;
      std::istringstream fields(stat.substr(paren + 2));
      std::vector<std::string> f;
      for (std::string word; fields >> word;) f.push_back(word);
      if (f.size() < 13) continue;
      children[std::stoi(f[1])].push_back(pid);
      ProcessUse use;
      use.cpu_s = (std::stod(f[11]) + std::stod(f[12])) / static_cast<double>(::sysconf(_SC_CLK_TCK));
      all[pid] = use;
    }
    ::closedir(proc);
  }
  std::map<int, ProcessUse> tree;
  std::vector<int> todo = {root};
  while (!todo.empty()) {
    int pid = todo.back();
    todo.pop_back();
    if (!all.contains(pid)) continue;
    ProcessUse use = all[pid];
    std::string command = slurp("/proc/" + std::to_string(pid) + "/cmdline");
    use.title = command.substr(0, command.find('\0'));
    if (with_memory) {
      std::istringstream lines(slurp("/proc/" + std::to_string(pid) + "/smaps_rollup"));
      for (std::string line; std::getline(lines, line);) {
        if (line.rfind("Pss:", 0) == 0) use.pss_mb = std::stod(line.substr(4)) / 1024;
      }
    }
    tree[pid] = use;
    for (int child : children[pid]) todo.push_back(child);
  }
  return tree;
}

inline double cpu_of_tree(int root) {
  double sum = 0;
  for (const auto& [pid, use] : use_of_tree(root)) sum += use.cpu_s;
  return sum;
}

}  // namespace openday::bench
